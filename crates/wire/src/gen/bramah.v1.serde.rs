impl serde::Serialize for Acquire {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.item.is_some() {
            len += 1;
        }
        if self.wait.is_some() {
            len += 1;
        }
        if self.priority != 0 {
            len += 1;
        }
        if self.if_held != 0 {
            len += 1;
        }
        if self.max_waiters.is_some() {
            len += 1;
        }
        if self.terms.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Acquire", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.item.as_ref() {
            struct_ser.serialize_field("item", v)?;
        }
        if let Some(v) = self.wait.as_ref() {
            struct_ser.serialize_field("wait", v)?;
        }
        if self.priority != 0 {
            struct_ser.serialize_field("priority", &self.priority)?;
        }
        if self.if_held != 0 {
            let v = IfHeld::try_from(self.if_held)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.if_held)))?;
            struct_ser.serialize_field("ifHeld", &v)?;
        }
        if let Some(v) = self.max_waiters.as_ref() {
            struct_ser.serialize_field("maxWaiters", v)?;
        }
        if let Some(v) = self.terms.as_ref() {
            struct_ser.serialize_field("terms", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Acquire {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "item",
            "wait",
            "priority",
            "if_held",
            "ifHeld",
            "max_waiters",
            "maxWaiters",
            "terms",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Item,
            Wait,
            Priority,
            IfHeld,
            MaxWaiters,
            Terms,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "item" => Ok(GeneratedField::Item),
                            "wait" => Ok(GeneratedField::Wait),
                            "priority" => Ok(GeneratedField::Priority),
                            "ifHeld" | "if_held" => Ok(GeneratedField::IfHeld),
                            "maxWaiters" | "max_waiters" => Ok(GeneratedField::MaxWaiters),
                            "terms" => Ok(GeneratedField::Terms),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Acquire;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Acquire")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Acquire, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut item__ = None;
                let mut wait__ = None;
                let mut priority__ = None;
                let mut if_held__ = None;
                let mut max_waiters__ = None;
                let mut terms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Item => {
                            if item__.is_some() {
                                return Err(serde::de::Error::duplicate_field("item"));
                            }
                            item__ = map_.next_value()?;
                        }
                        GeneratedField::Wait => {
                            if wait__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wait"));
                            }
                            wait__ = map_.next_value()?;
                        }
                        GeneratedField::Priority => {
                            if priority__.is_some() {
                                return Err(serde::de::Error::duplicate_field("priority"));
                            }
                            priority__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::IfHeld => {
                            if if_held__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ifHeld"));
                            }
                            if_held__ = Some(map_.next_value::<IfHeld>()? as i32);
                        }
                        GeneratedField::MaxWaiters => {
                            if max_waiters__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxWaiters"));
                            }
                            max_waiters__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Terms => {
                            if terms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("terms"));
                            }
                            terms__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Acquire {
                    request: request__,
                    item: item__,
                    wait: wait__,
                    priority: priority__.unwrap_or_default(),
                    if_held: if_held__.unwrap_or_default(),
                    max_waiters: max_waiters__,
                    terms: terms__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Acquire", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AcquireMany {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if !self.items.is_empty() {
            len += 1;
        }
        if self.wait.is_some() {
            len += 1;
        }
        if self.priority != 0 {
            len += 1;
        }
        if self.if_held != 0 {
            len += 1;
        }
        if self.terms.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.AcquireMany", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if !self.items.is_empty() {
            struct_ser.serialize_field("items", &self.items)?;
        }
        if let Some(v) = self.wait.as_ref() {
            struct_ser.serialize_field("wait", v)?;
        }
        if self.priority != 0 {
            struct_ser.serialize_field("priority", &self.priority)?;
        }
        if self.if_held != 0 {
            let v = IfHeld::try_from(self.if_held)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.if_held)))?;
            struct_ser.serialize_field("ifHeld", &v)?;
        }
        if let Some(v) = self.terms.as_ref() {
            struct_ser.serialize_field("terms", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AcquireMany {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "items",
            "wait",
            "priority",
            "if_held",
            "ifHeld",
            "terms",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Items,
            Wait,
            Priority,
            IfHeld,
            Terms,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "items" => Ok(GeneratedField::Items),
                            "wait" => Ok(GeneratedField::Wait),
                            "priority" => Ok(GeneratedField::Priority),
                            "ifHeld" | "if_held" => Ok(GeneratedField::IfHeld),
                            "terms" => Ok(GeneratedField::Terms),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AcquireMany;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.AcquireMany")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AcquireMany, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut items__ = None;
                let mut wait__ = None;
                let mut priority__ = None;
                let mut if_held__ = None;
                let mut terms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Items => {
                            if items__.is_some() {
                                return Err(serde::de::Error::duplicate_field("items"));
                            }
                            items__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Wait => {
                            if wait__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wait"));
                            }
                            wait__ = map_.next_value()?;
                        }
                        GeneratedField::Priority => {
                            if priority__.is_some() {
                                return Err(serde::de::Error::duplicate_field("priority"));
                            }
                            priority__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::IfHeld => {
                            if if_held__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ifHeld"));
                            }
                            if_held__ = Some(map_.next_value::<IfHeld>()? as i32);
                        }
                        GeneratedField::Terms => {
                            if terms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("terms"));
                            }
                            terms__ = map_.next_value()?;
                        }
                    }
                }
                Ok(AcquireMany {
                    request: request__,
                    items: items__.unwrap_or_default(),
                    wait: wait__,
                    priority: priority__.unwrap_or_default(),
                    if_held: if_held__.unwrap_or_default(),
                    terms: terms__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.AcquireMany", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AttachSession {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session.is_some() {
            len += 1;
        }
        if self.after != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.AttachSession", len)?;
        if let Some(v) = self.session.as_ref() {
            struct_ser.serialize_field("session", v)?;
        }
        if self.after != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("after", ToString::to_string(&self.after).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AttachSession {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "after",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            After,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "after" => Ok(GeneratedField::After),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AttachSession;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.AttachSession")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AttachSession, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut after__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = map_.next_value()?;
                        }
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(AttachSession {
                    session: session__,
                    after: after__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.AttachSession", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Backup {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.from != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Backup", len)?;
        if self.from != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("from", ToString::to_string(&self.from).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Backup {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "from",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            From,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "from" => Ok(GeneratedField::From),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Backup;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Backup")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Backup, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut from__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Backup {
                    from: from__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Backup", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BackupPart {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.data.is_empty() {
            len += 1;
        }
        if self.last {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.BackupPart", len)?;
        if !self.data.is_empty() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("data", pbjson::private::base64::encode(&self.data).as_str())?;
        }
        if self.last {
            struct_ser.serialize_field("last", &self.last)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BackupPart {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "data",
            "last",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Data,
            Last,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "data" => Ok(GeneratedField::Data),
                            "last" => Ok(GeneratedField::Last),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BackupPart;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.BackupPart")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BackupPart, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut data__ = None;
                let mut last__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Data => {
                            if data__.is_some() {
                                return Err(serde::de::Error::duplicate_field("data"));
                            }
                            data__ = 
                                Some(map_.next_value::<::pbjson::private::BytesDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Last => {
                            if last__.is_some() {
                                return Err(serde::de::Error::duplicate_field("last"));
                            }
                            last__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BackupPart {
                    data: data__.unwrap_or_default(),
                    last: last__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.BackupPart", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Busy {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.holder.is_some() {
            len += 1;
        }
        if self.holders != 0 {
            len += 1;
        }
        if self.waiters != 0 {
            len += 1;
        }
        if self.position != 0 {
            len += 1;
        }
        if self.rests_until_ms.is_some() {
            len += 1;
        }
        if self.other_limit.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Busy", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if let Some(v) = self.holder.as_ref() {
            struct_ser.serialize_field("holder", v)?;
        }
        if self.holders != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("holders", ToString::to_string(&self.holders).as_str())?;
        }
        if self.waiters != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("waiters", ToString::to_string(&self.waiters).as_str())?;
        }
        if self.position != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("position", ToString::to_string(&self.position).as_str())?;
        }
        if let Some(v) = self.rests_until_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("restsUntilMs", ToString::to_string(&v).as_str())?;
        }
        if let Some(v) = self.other_limit.as_ref() {
            struct_ser.serialize_field("otherLimit", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Busy {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "holder",
            "holders",
            "waiters",
            "position",
            "rests_until_ms",
            "restsUntilMs",
            "other_limit",
            "otherLimit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Holder,
            Holders,
            Waiters,
            Position,
            RestsUntilMs,
            OtherLimit,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "holder" => Ok(GeneratedField::Holder),
                            "holders" => Ok(GeneratedField::Holders),
                            "waiters" => Ok(GeneratedField::Waiters),
                            "position" => Ok(GeneratedField::Position),
                            "restsUntilMs" | "rests_until_ms" => Ok(GeneratedField::RestsUntilMs),
                            "otherLimit" | "other_limit" => Ok(GeneratedField::OtherLimit),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Busy;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Busy")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Busy, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut holder__ = None;
                let mut holders__ = None;
                let mut waiters__ = None;
                let mut position__ = None;
                let mut rests_until_ms__ = None;
                let mut other_limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Holder => {
                            if holder__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holder"));
                            }
                            holder__ = map_.next_value()?;
                        }
                        GeneratedField::Holders => {
                            if holders__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holders"));
                            }
                            holders__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Waiters => {
                            if waiters__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waiters"));
                            }
                            waiters__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Position => {
                            if position__.is_some() {
                                return Err(serde::de::Error::duplicate_field("position"));
                            }
                            position__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RestsUntilMs => {
                            if rests_until_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("restsUntilMs"));
                            }
                            rests_until_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::OtherLimit => {
                            if other_limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherLimit"));
                            }
                            other_limit__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(Busy {
                    name: name__.unwrap_or_default(),
                    holder: holder__,
                    holders: holders__.unwrap_or_default(),
                    waiters: waiters__.unwrap_or_default(),
                    position: position__.unwrap_or_default(),
                    rests_until_ms: rests_until_ms__,
                    other_limit: other_limit__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Busy", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Cancel {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.seq != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Cancel", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if self.seq != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("seq", ToString::to_string(&self.seq).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Cancel {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "seq",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Seq,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "seq" => Ok(GeneratedField::Seq),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Cancel;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Cancel")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Cancel, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut seq__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Seq => {
                            if seq__.is_some() {
                                return Err(serde::de::Error::duplicate_field("seq"));
                            }
                            seq__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Cancel {
                    request: request__,
                    seq: seq__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Cancel", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Cancelled {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.was_held {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Cancelled", len)?;
        if self.was_held {
            struct_ser.serialize_field("wasHeld", &self.was_held)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Cancelled {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "was_held",
            "wasHeld",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            WasHeld,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "wasHeld" | "was_held" => Ok(GeneratedField::WasHeld),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Cancelled;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Cancelled")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Cancelled, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut was_held__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::WasHeld => {
                            if was_held__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wasHeld"));
                            }
                            was_held__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Cancelled {
                    was_held: was_held__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Cancelled", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Changed {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.kind.is_empty() {
            len += 1;
        }
        if self.lock.is_some() {
            len += 1;
        }
        if self.token.is_some() {
            len += 1;
        }
        if self.end.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Changed", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.kind.is_empty() {
            struct_ser.serialize_field("kind", &self.kind)?;
        }
        if let Some(v) = self.lock.as_ref() {
            struct_ser.serialize_field("lock", v)?;
        }
        if let Some(v) = self.token.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&v).as_str())?;
        }
        if let Some(v) = self.end.as_ref() {
            struct_ser.serialize_field("end", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Changed {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "kind",
            "lock",
            "token",
            "end",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Kind,
            Lock,
            Token,
            End,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "kind" => Ok(GeneratedField::Kind),
                            "lock" => Ok(GeneratedField::Lock),
                            "token" => Ok(GeneratedField::Token),
                            "end" => Ok(GeneratedField::End),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Changed;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Changed")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Changed, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut kind__ = None;
                let mut lock__ = None;
                let mut token__ = None;
                let mut end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Kind => {
                            if kind__.is_some() {
                                return Err(serde::de::Error::duplicate_field("kind"));
                            }
                            kind__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Lock => {
                            if lock__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lock"));
                            }
                            lock__ = map_.next_value()?;
                        }
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::End => {
                            if end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("end"));
                            }
                            end__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Changed {
                    name: name__.unwrap_or_default(),
                    kind: kind__.unwrap_or_default(),
                    lock: lock__,
                    token: token__,
                    end: end__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Changed", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CloseSession {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.CloseSession", len)?;
        if let Some(v) = self.session.as_ref() {
            struct_ser.serialize_field("session", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CloseSession {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CloseSession;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.CloseSession")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CloseSession, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = map_.next_value()?;
                        }
                    }
                }
                Ok(CloseSession {
                    session: session__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.CloseSession", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClusterAdd {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.node_id != 0 {
            len += 1;
        }
        if !self.peer_address.is_empty() {
            len += 1;
        }
        if !self.client_address.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ClusterAdd", len)?;
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        if !self.peer_address.is_empty() {
            struct_ser.serialize_field("peerAddress", &self.peer_address)?;
        }
        if !self.client_address.is_empty() {
            struct_ser.serialize_field("clientAddress", &self.client_address)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClusterAdd {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node_id",
            "nodeId",
            "peer_address",
            "peerAddress",
            "client_address",
            "clientAddress",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            NodeId,
            PeerAddress,
            ClientAddress,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            "peerAddress" | "peer_address" => Ok(GeneratedField::PeerAddress),
                            "clientAddress" | "client_address" => Ok(GeneratedField::ClientAddress),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClusterAdd;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ClusterAdd")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClusterAdd, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node_id__ = None;
                let mut peer_address__ = None;
                let mut client_address__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::PeerAddress => {
                            if peer_address__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peerAddress"));
                            }
                            peer_address__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ClientAddress => {
                            if client_address__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientAddress"));
                            }
                            client_address__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ClusterAdd {
                    node_id: node_id__.unwrap_or_default(),
                    peer_address: peer_address__.unwrap_or_default(),
                    client_address: client_address__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ClusterAdd", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClusterPromote {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.node_id != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ClusterPromote", len)?;
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClusterPromote {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node_id",
            "nodeId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            NodeId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClusterPromote;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ClusterPromote")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClusterPromote, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(ClusterPromote {
                    node_id: node_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ClusterPromote", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClusterRemove {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.node_id != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ClusterRemove", len)?;
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClusterRemove {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node_id",
            "nodeId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            NodeId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClusterRemove;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ClusterRemove")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClusterRemove, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(ClusterRemove {
                    node_id: node_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ClusterRemove", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClusterStatus {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.cluster_id != 0 {
            len += 1;
        }
        if self.node_id != 0 {
            len += 1;
        }
        if self.leader != 0 {
            len += 1;
        }
        if self.term != 0 {
            len += 1;
        }
        if self.applied_index != 0 {
            len += 1;
        }
        if self.has_quorum {
            len += 1;
        }
        if !self.members.is_empty() {
            len += 1;
        }
        if self.forming.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ClusterStatus", len)?;
        if self.cluster_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clusterId", ToString::to_string(&self.cluster_id).as_str())?;
        }
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        if self.leader != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("leader", ToString::to_string(&self.leader).as_str())?;
        }
        if self.term != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("term", ToString::to_string(&self.term).as_str())?;
        }
        if self.applied_index != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("appliedIndex", ToString::to_string(&self.applied_index).as_str())?;
        }
        if self.has_quorum {
            struct_ser.serialize_field("hasQuorum", &self.has_quorum)?;
        }
        if !self.members.is_empty() {
            struct_ser.serialize_field("members", &self.members)?;
        }
        if let Some(v) = self.forming.as_ref() {
            struct_ser.serialize_field("forming", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClusterStatus {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "cluster_id",
            "clusterId",
            "node_id",
            "nodeId",
            "leader",
            "term",
            "applied_index",
            "appliedIndex",
            "has_quorum",
            "hasQuorum",
            "members",
            "forming",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ClusterId,
            NodeId,
            Leader,
            Term,
            AppliedIndex,
            HasQuorum,
            Members,
            Forming,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "clusterId" | "cluster_id" => Ok(GeneratedField::ClusterId),
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            "leader" => Ok(GeneratedField::Leader),
                            "term" => Ok(GeneratedField::Term),
                            "appliedIndex" | "applied_index" => Ok(GeneratedField::AppliedIndex),
                            "hasQuorum" | "has_quorum" => Ok(GeneratedField::HasQuorum),
                            "members" => Ok(GeneratedField::Members),
                            "forming" => Ok(GeneratedField::Forming),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClusterStatus;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ClusterStatus")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClusterStatus, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut cluster_id__ = None;
                let mut node_id__ = None;
                let mut leader__ = None;
                let mut term__ = None;
                let mut applied_index__ = None;
                let mut has_quorum__ = None;
                let mut members__ = None;
                let mut forming__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ClusterId => {
                            if cluster_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterId"));
                            }
                            cluster_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Leader => {
                            if leader__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leader"));
                            }
                            leader__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Term => {
                            if term__.is_some() {
                                return Err(serde::de::Error::duplicate_field("term"));
                            }
                            term__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::AppliedIndex => {
                            if applied_index__.is_some() {
                                return Err(serde::de::Error::duplicate_field("appliedIndex"));
                            }
                            applied_index__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::HasQuorum => {
                            if has_quorum__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hasQuorum"));
                            }
                            has_quorum__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Members => {
                            if members__.is_some() {
                                return Err(serde::de::Error::duplicate_field("members"));
                            }
                            members__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Forming => {
                            if forming__.is_some() {
                                return Err(serde::de::Error::duplicate_field("forming"));
                            }
                            forming__ = map_.next_value()?;
                        }
                    }
                }
                Ok(ClusterStatus {
                    cluster_id: cluster_id__.unwrap_or_default(),
                    node_id: node_id__.unwrap_or_default(),
                    leader: leader__.unwrap_or_default(),
                    term: term__.unwrap_or_default(),
                    applied_index: applied_index__.unwrap_or_default(),
                    has_quorum: has_quorum__.unwrap_or_default(),
                    members: members__.unwrap_or_default(),
                    forming: forming__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ClusterStatus", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClusterTransfer {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.to != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ClusterTransfer", len)?;
        if self.to != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("to", ToString::to_string(&self.to).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClusterTransfer {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "to",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            To,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "to" => Ok(GeneratedField::To),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClusterTransfer;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ClusterTransfer")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClusterTransfer, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut to__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(ClusterTransfer {
                    to: to__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ClusterTransfer", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DeadlockStep {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session != 0 {
            len += 1;
        }
        if !self.waits_for.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.DeadlockStep", len)?;
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if !self.waits_for.is_empty() {
            struct_ser.serialize_field("waitsFor", &self.waits_for)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DeadlockStep {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "waits_for",
            "waitsFor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            WaitsFor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "waitsFor" | "waits_for" => Ok(GeneratedField::WaitsFor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DeadlockStep;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.DeadlockStep")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DeadlockStep, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut waits_for__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::WaitsFor => {
                            if waits_for__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitsFor"));
                            }
                            waits_for__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(DeadlockStep {
                    session: session__.unwrap_or_default(),
                    waits_for: waits_for__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.DeadlockStep", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Downgrade {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.hold.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Downgrade", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Downgrade {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "hold",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Hold,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "hold" => Ok(GeneratedField::Hold),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Downgrade;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Downgrade")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Downgrade, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut hold__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Downgrade {
                    request: request__,
                    hold: hold__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Downgrade", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Draining {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.servers.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Draining", len)?;
        if !self.servers.is_empty() {
            struct_ser.serialize_field("servers", &self.servers)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Draining {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "servers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Servers,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "servers" => Ok(GeneratedField::Servers),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Draining;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Draining")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Draining, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut servers__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Servers => {
                            if servers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("servers"));
                            }
                            servers__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Draining {
                    servers: servers__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Draining", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Effect {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "EFFECT_UNSPECIFIED",
            Self::NotApplied => "EFFECT_NOT_APPLIED",
            Self::Unknown => "EFFECT_UNKNOWN",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Effect {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "EFFECT_UNSPECIFIED",
            "EFFECT_NOT_APPLIED",
            "EFFECT_UNKNOWN",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Effect;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "EFFECT_UNSPECIFIED" => Ok(Effect::Unspecified),
                    "EFFECT_NOT_APPLIED" => Ok(Effect::NotApplied),
                    "EFFECT_UNKNOWN" => Ok(Effect::Unknown),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for End {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.reason.is_empty() {
            len += 1;
        }
        if self.renewed_at_ms.is_some() {
            len += 1;
        }
        if !self.by.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.End", len)?;
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        if let Some(v) = self.renewed_at_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("renewedAtMs", ToString::to_string(&v).as_str())?;
        }
        if !self.by.is_empty() {
            struct_ser.serialize_field("by", &self.by)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for End {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "reason",
            "renewed_at_ms",
            "renewedAtMs",
            "by",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Reason,
            RenewedAtMs,
            By,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "reason" => Ok(GeneratedField::Reason),
                            "renewedAtMs" | "renewed_at_ms" => Ok(GeneratedField::RenewedAtMs),
                            "by" => Ok(GeneratedField::By),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = End;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.End")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<End, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut reason__ = None;
                let mut renewed_at_ms__ = None;
                let mut by__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RenewedAtMs => {
                            if renewed_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("renewedAtMs"));
                            }
                            renewed_at_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::By => {
                            if by__.is_some() {
                                return Err(serde::de::Error::duplicate_field("by"));
                            }
                            by__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(End {
                    reason: reason__.unwrap_or_default(),
                    renewed_at_ms: renewed_at_ms__,
                    by: by__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.End", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Ended {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.token != 0 {
            len += 1;
        }
        if self.session != 0 {
            len += 1;
        }
        if self.owner.is_some() {
            len += 1;
        }
        if self.mode != 0 {
            len += 1;
        }
        if self.permits != 0 {
            len += 1;
        }
        if self.granted_at_ms != 0 {
            len += 1;
        }
        if self.ended_at_ms != 0 {
            len += 1;
        }
        if self.end.is_some() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Ended", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.token != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&self.token).as_str())?;
        }
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if let Some(v) = self.owner.as_ref() {
            struct_ser.serialize_field("owner", v)?;
        }
        if self.mode != 0 {
            let v = Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.permits != 0 {
            struct_ser.serialize_field("permits", &self.permits)?;
        }
        if self.granted_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("grantedAtMs", ToString::to_string(&self.granted_at_ms).as_str())?;
        }
        if self.ended_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("endedAtMs", ToString::to_string(&self.ended_at_ms).as_str())?;
        }
        if let Some(v) = self.end.as_ref() {
            struct_ser.serialize_field("end", v)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Ended {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "token",
            "session",
            "owner",
            "mode",
            "permits",
            "granted_at_ms",
            "grantedAtMs",
            "ended_at_ms",
            "endedAtMs",
            "end",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Token,
            Session,
            Owner,
            Mode,
            Permits,
            GrantedAtMs,
            EndedAtMs,
            End,
            Limit,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "token" => Ok(GeneratedField::Token),
                            "session" => Ok(GeneratedField::Session),
                            "owner" => Ok(GeneratedField::Owner),
                            "mode" => Ok(GeneratedField::Mode),
                            "permits" => Ok(GeneratedField::Permits),
                            "grantedAtMs" | "granted_at_ms" => Ok(GeneratedField::GrantedAtMs),
                            "endedAtMs" | "ended_at_ms" => Ok(GeneratedField::EndedAtMs),
                            "end" => Ok(GeneratedField::End),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Ended;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Ended")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Ended, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut token__ = None;
                let mut session__ = None;
                let mut owner__ = None;
                let mut mode__ = None;
                let mut permits__ = None;
                let mut granted_at_ms__ = None;
                let mut ended_at_ms__ = None;
                let mut end__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Owner => {
                            if owner__.is_some() {
                                return Err(serde::de::Error::duplicate_field("owner"));
                            }
                            owner__ = map_.next_value()?;
                        }
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<Mode>()? as i32);
                        }
                        GeneratedField::Permits => {
                            if permits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("permits"));
                            }
                            permits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::GrantedAtMs => {
                            if granted_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("grantedAtMs"));
                            }
                            granted_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::EndedAtMs => {
                            if ended_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("endedAtMs"));
                            }
                            ended_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::End => {
                            if end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("end"));
                            }
                            end__ = map_.next_value()?;
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Ended {
                    name: name__.unwrap_or_default(),
                    token: token__.unwrap_or_default(),
                    session: session__.unwrap_or_default(),
                    owner: owner__,
                    mode: mode__.unwrap_or_default(),
                    permits: permits__.unwrap_or_default(),
                    granted_at_ms: granted_at_ms__.unwrap_or_default(),
                    ended_at_ms: ended_at_ms__.unwrap_or_default(),
                    end: end__,
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Ended", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Error {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.code.is_empty() {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        if self.effect != 0 {
            len += 1;
        }
        if !self.cycle.is_empty() {
            len += 1;
        }
        if !self.servers.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Error", len)?;
        if !self.code.is_empty() {
            struct_ser.serialize_field("code", &self.code)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        if self.effect != 0 {
            let v = Effect::try_from(self.effect)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.effect)))?;
            struct_ser.serialize_field("effect", &v)?;
        }
        if !self.cycle.is_empty() {
            struct_ser.serialize_field("cycle", &self.cycle)?;
        }
        if !self.servers.is_empty() {
            struct_ser.serialize_field("servers", &self.servers)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Error {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "code",
            "message",
            "effect",
            "cycle",
            "servers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Code,
            Message,
            Effect,
            Cycle,
            Servers,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "code" => Ok(GeneratedField::Code),
                            "message" => Ok(GeneratedField::Message),
                            "effect" => Ok(GeneratedField::Effect),
                            "cycle" => Ok(GeneratedField::Cycle),
                            "servers" => Ok(GeneratedField::Servers),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Error;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Error")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Error, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut code__ = None;
                let mut message__ = None;
                let mut effect__ = None;
                let mut cycle__ = None;
                let mut servers__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Effect => {
                            if effect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("effect"));
                            }
                            effect__ = Some(map_.next_value::<Effect>()? as i32);
                        }
                        GeneratedField::Cycle => {
                            if cycle__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cycle"));
                            }
                            cycle__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Servers => {
                            if servers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("servers"));
                            }
                            servers__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Error {
                    code: code__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                    effect: effect__.unwrap_or_default(),
                    cycle: cycle__.unwrap_or_default(),
                    servers: servers__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Error", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Event {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.revision != 0 {
            len += 1;
        }
        if self.now_ms != 0 {
            len += 1;
        }
        if self.watch_id != 0 {
            len += 1;
        }
        if self.what.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Event", len)?;
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        if self.now_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nowMs", ToString::to_string(&self.now_ms).as_str())?;
        }
        if self.watch_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("watchId", ToString::to_string(&self.watch_id).as_str())?;
        }
        if let Some(v) = self.what.as_ref() {
            match v {
                event::What::Granted(v) => {
                    struct_ser.serialize_field("granted", v)?;
                }
                event::What::HoldEnded(v) => {
                    struct_ser.serialize_field("holdEnded", v)?;
                }
                event::What::WaitEnded(v) => {
                    struct_ser.serialize_field("waitEnded", v)?;
                }
                event::What::SessionEnded(v) => {
                    struct_ser.serialize_field("sessionEnded", v)?;
                }
                event::What::Changed(v) => {
                    struct_ser.serialize_field("changed", v)?;
                }
                event::What::WatchLagged(v) => {
                    struct_ser.serialize_field("watchLagged", v)?;
                }
                event::What::Draining(v) => {
                    struct_ser.serialize_field("draining", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Event {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "revision",
            "now_ms",
            "nowMs",
            "watch_id",
            "watchId",
            "granted",
            "hold_ended",
            "holdEnded",
            "wait_ended",
            "waitEnded",
            "session_ended",
            "sessionEnded",
            "changed",
            "watch_lagged",
            "watchLagged",
            "draining",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Revision,
            NowMs,
            WatchId,
            Granted,
            HoldEnded,
            WaitEnded,
            SessionEnded,
            Changed,
            WatchLagged,
            Draining,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "revision" => Ok(GeneratedField::Revision),
                            "nowMs" | "now_ms" => Ok(GeneratedField::NowMs),
                            "watchId" | "watch_id" => Ok(GeneratedField::WatchId),
                            "granted" => Ok(GeneratedField::Granted),
                            "holdEnded" | "hold_ended" => Ok(GeneratedField::HoldEnded),
                            "waitEnded" | "wait_ended" => Ok(GeneratedField::WaitEnded),
                            "sessionEnded" | "session_ended" => Ok(GeneratedField::SessionEnded),
                            "changed" => Ok(GeneratedField::Changed),
                            "watchLagged" | "watch_lagged" => Ok(GeneratedField::WatchLagged),
                            "draining" => Ok(GeneratedField::Draining),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Event;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Event")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Event, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut revision__ = None;
                let mut now_ms__ = None;
                let mut watch_id__ = None;
                let mut what__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::NowMs => {
                            if now_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nowMs"));
                            }
                            now_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::WatchId => {
                            if watch_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watchId"));
                            }
                            watch_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Granted => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("granted"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::Granted)
;
                        }
                        GeneratedField::HoldEnded => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holdEnded"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::HoldEnded)
;
                        }
                        GeneratedField::WaitEnded => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitEnded"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::WaitEnded)
;
                        }
                        GeneratedField::SessionEnded => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionEnded"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::SessionEnded)
;
                        }
                        GeneratedField::Changed => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("changed"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::Changed)
;
                        }
                        GeneratedField::WatchLagged => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watchLagged"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::WatchLagged)
;
                        }
                        GeneratedField::Draining => {
                            if what__.is_some() {
                                return Err(serde::de::Error::duplicate_field("draining"));
                            }
                            what__ = map_.next_value::<::std::option::Option<_>>()?.map(event::What::Draining)
;
                        }
                    }
                }
                Ok(Event {
                    revision: revision__.unwrap_or_default(),
                    now_ms: now_ms__.unwrap_or_default(),
                    watch_id: watch_id__.unwrap_or_default(),
                    what: what__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Event", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Forming {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.expected != 0 {
            len += 1;
        }
        if !self.seen.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Forming", len)?;
        if self.expected != 0 {
            struct_ser.serialize_field("expected", &self.expected)?;
        }
        if !self.seen.is_empty() {
            struct_ser.serialize_field("seen", &self.seen.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Forming {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "expected",
            "seen",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Expected,
            Seen,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "expected" => Ok(GeneratedField::Expected),
                            "seen" => Ok(GeneratedField::Seen),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Forming;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Forming")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Forming, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut expected__ = None;
                let mut seen__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Expected => {
                            if expected__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expected"));
                            }
                            expected__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Seen => {
                            if seen__.is_some() {
                                return Err(serde::de::Error::duplicate_field("seen"));
                            }
                            seen__ = 
                                Some(map_.next_value::<Vec<::pbjson::private::NumberDeserialize<_>>>()?
                                    .into_iter().map(|x| x.0).collect())
                            ;
                        }
                    }
                }
                Ok(Forming {
                    expected: expected__.unwrap_or_default(),
                    seen: seen__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Forming", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetClusterStatus {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("bramah.v1.GetClusterStatus", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetClusterStatus {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetClusterStatus;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.GetClusterStatus")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetClusterStatus, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(GetClusterStatus {
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.GetClusterStatus", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetHistory {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.len_max != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.GetHistory", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.len_max != 0 {
            struct_ser.serialize_field("lenMax", &self.len_max)?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetHistory {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "len_max",
            "lenMax",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            LenMax,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "lenMax" | "len_max" => Ok(GeneratedField::LenMax),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetHistory;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.GetHistory")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetHistory, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut len_max__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::LenMax => {
                            if len_max__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lenMax"));
                            }
                            len_max__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(GetHistory {
                    name: name__.unwrap_or_default(),
                    len_max: len_max__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.GetHistory", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetLock {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.waiters_max != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.GetLock", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.waiters_max != 0 {
            struct_ser.serialize_field("waitersMax", &self.waiters_max)?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetLock {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "waiters_max",
            "waitersMax",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            WaitersMax,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "waitersMax" | "waiters_max" => Ok(GeneratedField::WaitersMax),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetLock;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.GetLock")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetLock, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut waiters_max__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::WaitersMax => {
                            if waiters_max__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitersMax"));
                            }
                            waiters_max__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(GetLock {
                    name: name__.unwrap_or_default(),
                    waiters_max: waiters_max__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.GetLock", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetServerInfo {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("bramah.v1.GetServerInfo", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetServerInfo {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetServerInfo;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.GetServerInfo")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetServerInfo, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(GetServerInfo {
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.GetServerInfo", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetSession {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session.is_some() {
            len += 1;
        }
        if self.after != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.GetSession", len)?;
        if let Some(v) = self.session.as_ref() {
            struct_ser.serialize_field("session", v)?;
        }
        if self.after != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("after", ToString::to_string(&self.after).as_str())?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetSession {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "after",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            After,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "after" => Ok(GeneratedField::After),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetSession;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.GetSession")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetSession, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut after__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = map_.next_value()?;
                        }
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(GetSession {
                    session: session__,
                    after: after__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.GetSession", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Grant {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.hold.is_some() {
            len += 1;
        }
        if !self.name.is_empty() {
            len += 1;
        }
        if self.mode != 0 {
            len += 1;
        }
        if self.permits != 0 {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        if self.granted_at_ms != 0 {
            len += 1;
        }
        if self.deadline_ms != 0 {
            len += 1;
        }
        if self.ttl_ms != 0 {
            len += 1;
        }
        if self.max_hold_deadline_ms.is_some() {
            len += 1;
        }
        if self.count != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Grant", len)?;
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.mode != 0 {
            let v = Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.permits != 0 {
            struct_ser.serialize_field("permits", &self.permits)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if self.granted_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("grantedAtMs", ToString::to_string(&self.granted_at_ms).as_str())?;
        }
        if self.deadline_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&self.deadline_ms).as_str())?;
        }
        if self.ttl_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ttlMs", ToString::to_string(&self.ttl_ms).as_str())?;
        }
        if let Some(v) = self.max_hold_deadline_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("maxHoldDeadlineMs", ToString::to_string(&v).as_str())?;
        }
        if self.count != 0 {
            struct_ser.serialize_field("count", &self.count)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Grant {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "hold",
            "name",
            "mode",
            "permits",
            "limit",
            "granted_at_ms",
            "grantedAtMs",
            "deadline_ms",
            "deadlineMs",
            "ttl_ms",
            "ttlMs",
            "max_hold_deadline_ms",
            "maxHoldDeadlineMs",
            "count",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Hold,
            Name,
            Mode,
            Permits,
            Limit,
            GrantedAtMs,
            DeadlineMs,
            TtlMs,
            MaxHoldDeadlineMs,
            Count,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "hold" => Ok(GeneratedField::Hold),
                            "name" => Ok(GeneratedField::Name),
                            "mode" => Ok(GeneratedField::Mode),
                            "permits" => Ok(GeneratedField::Permits),
                            "limit" => Ok(GeneratedField::Limit),
                            "grantedAtMs" | "granted_at_ms" => Ok(GeneratedField::GrantedAtMs),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "ttlMs" | "ttl_ms" => Ok(GeneratedField::TtlMs),
                            "maxHoldDeadlineMs" | "max_hold_deadline_ms" => Ok(GeneratedField::MaxHoldDeadlineMs),
                            "count" => Ok(GeneratedField::Count),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Grant;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Grant")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Grant, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut hold__ = None;
                let mut name__ = None;
                let mut mode__ = None;
                let mut permits__ = None;
                let mut limit__ = None;
                let mut granted_at_ms__ = None;
                let mut deadline_ms__ = None;
                let mut ttl_ms__ = None;
                let mut max_hold_deadline_ms__ = None;
                let mut count__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<Mode>()? as i32);
                        }
                        GeneratedField::Permits => {
                            if permits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("permits"));
                            }
                            permits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::GrantedAtMs => {
                            if granted_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("grantedAtMs"));
                            }
                            granted_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::TtlMs => {
                            if ttl_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ttlMs"));
                            }
                            ttl_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MaxHoldDeadlineMs => {
                            if max_hold_deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxHoldDeadlineMs"));
                            }
                            max_hold_deadline_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Count => {
                            if count__.is_some() {
                                return Err(serde::de::Error::duplicate_field("count"));
                            }
                            count__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Grant {
                    hold: hold__,
                    name: name__.unwrap_or_default(),
                    mode: mode__.unwrap_or_default(),
                    permits: permits__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                    granted_at_ms: granted_at_ms__.unwrap_or_default(),
                    deadline_ms: deadline_ms__.unwrap_or_default(),
                    ttl_ms: ttl_ms__.unwrap_or_default(),
                    max_hold_deadline_ms: max_hold_deadline_ms__,
                    count: count__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Grant", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Granted {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session != 0 {
            len += 1;
        }
        if self.seq != 0 {
            len += 1;
        }
        if !self.grants.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Granted", len)?;
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if self.seq != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("seq", ToString::to_string(&self.seq).as_str())?;
        }
        if !self.grants.is_empty() {
            struct_ser.serialize_field("grants", &self.grants)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Granted {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "seq",
            "grants",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            Seq,
            Grants,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "seq" => Ok(GeneratedField::Seq),
                            "grants" => Ok(GeneratedField::Grants),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Granted;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Granted")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Granted, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut seq__ = None;
                let mut grants__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Seq => {
                            if seq__.is_some() {
                                return Err(serde::de::Error::duplicate_field("seq"));
                            }
                            seq__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Grants => {
                            if grants__.is_some() {
                                return Err(serde::de::Error::duplicate_field("grants"));
                            }
                            grants__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Granted {
                    session: session__.unwrap_or_default(),
                    seq: seq__.unwrap_or_default(),
                    grants: grants__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Granted", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Grants {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.grants.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Grants", len)?;
        if !self.grants.is_empty() {
            struct_ser.serialize_field("grants", &self.grants)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Grants {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "grants",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Grants,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "grants" => Ok(GeneratedField::Grants),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Grants;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Grants")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Grants, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut grants__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Grants => {
                            if grants__.is_some() {
                                return Err(serde::de::Error::duplicate_field("grants"));
                            }
                            grants__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Grants {
                    grants: grants__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Grants", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Handle {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.number != 0 {
            len += 1;
        }
        if self.key != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Handle", len)?;
        if self.number != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("number", ToString::to_string(&self.number).as_str())?;
        }
        if self.key != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("key", ToString::to_string(&self.key).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Handle {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "number",
            "key",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Number,
            Key,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "number" => Ok(GeneratedField::Number),
                            "key" => Ok(GeneratedField::Key),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Handle;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Handle")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Handle, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut number__ = None;
                let mut key__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Number => {
                            if number__.is_some() {
                                return Err(serde::de::Error::duplicate_field("number"));
                            }
                            number__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Key => {
                            if key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("key"));
                            }
                            key__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Handle {
                    number: number__.unwrap_or_default(),
                    key: key__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Handle", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for History {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.ended.is_empty() {
            len += 1;
        }
        if self.more {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.History", len)?;
        if !self.ended.is_empty() {
            struct_ser.serialize_field("ended", &self.ended)?;
        }
        if self.more {
            struct_ser.serialize_field("more", &self.more)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for History {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ended",
            "more",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Ended,
            More,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "ended" => Ok(GeneratedField::Ended),
                            "more" => Ok(GeneratedField::More),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = History;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.History")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<History, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut ended__ = None;
                let mut more__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Ended => {
                            if ended__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ended"));
                            }
                            ended__ = Some(map_.next_value()?);
                        }
                        GeneratedField::More => {
                            if more__.is_some() {
                                return Err(serde::de::Error::duplicate_field("more"));
                            }
                            more__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(History {
                    ended: ended__.unwrap_or_default(),
                    more: more__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.History", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for HoldEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session != 0 {
            len += 1;
        }
        if !self.name.is_empty() {
            len += 1;
        }
        if self.token != 0 {
            len += 1;
        }
        if self.end.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.HoldEnded", len)?;
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.token != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&self.token).as_str())?;
        }
        if let Some(v) = self.end.as_ref() {
            struct_ser.serialize_field("end", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for HoldEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "name",
            "token",
            "end",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            Name,
            Token,
            End,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "name" => Ok(GeneratedField::Name),
                            "token" => Ok(GeneratedField::Token),
                            "end" => Ok(GeneratedField::End),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = HoldEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.HoldEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<HoldEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut name__ = None;
                let mut token__ = None;
                let mut end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::End => {
                            if end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("end"));
                            }
                            end__ = map_.next_value()?;
                        }
                    }
                }
                Ok(HoldEnded {
                    session: session__.unwrap_or_default(),
                    name: name__.unwrap_or_default(),
                    token: token__.unwrap_or_default(),
                    end: end__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.HoldEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Holder {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.token != 0 {
            len += 1;
        }
        if self.session != 0 {
            len += 1;
        }
        if self.owner.is_some() {
            len += 1;
        }
        if self.mode != 0 {
            len += 1;
        }
        if self.permits != 0 {
            len += 1;
        }
        if self.granted_at_ms != 0 {
            len += 1;
        }
        if self.deadline_ms != 0 {
            len += 1;
        }
        if self.count != 0 {
            len += 1;
        }
        if self.value.is_some() {
            len += 1;
        }
        if self.lingers {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Holder", len)?;
        if self.token != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&self.token).as_str())?;
        }
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if let Some(v) = self.owner.as_ref() {
            struct_ser.serialize_field("owner", v)?;
        }
        if self.mode != 0 {
            let v = Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.permits != 0 {
            struct_ser.serialize_field("permits", &self.permits)?;
        }
        if self.granted_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("grantedAtMs", ToString::to_string(&self.granted_at_ms).as_str())?;
        }
        if self.deadline_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&self.deadline_ms).as_str())?;
        }
        if self.count != 0 {
            struct_ser.serialize_field("count", &self.count)?;
        }
        if let Some(v) = self.value.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("value", pbjson::private::base64::encode(&v).as_str())?;
        }
        if self.lingers {
            struct_ser.serialize_field("lingers", &self.lingers)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Holder {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "token",
            "session",
            "owner",
            "mode",
            "permits",
            "granted_at_ms",
            "grantedAtMs",
            "deadline_ms",
            "deadlineMs",
            "count",
            "value",
            "lingers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Token,
            Session,
            Owner,
            Mode,
            Permits,
            GrantedAtMs,
            DeadlineMs,
            Count,
            Value,
            Lingers,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "token" => Ok(GeneratedField::Token),
                            "session" => Ok(GeneratedField::Session),
                            "owner" => Ok(GeneratedField::Owner),
                            "mode" => Ok(GeneratedField::Mode),
                            "permits" => Ok(GeneratedField::Permits),
                            "grantedAtMs" | "granted_at_ms" => Ok(GeneratedField::GrantedAtMs),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "count" => Ok(GeneratedField::Count),
                            "value" => Ok(GeneratedField::Value),
                            "lingers" => Ok(GeneratedField::Lingers),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Holder;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Holder")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Holder, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut token__ = None;
                let mut session__ = None;
                let mut owner__ = None;
                let mut mode__ = None;
                let mut permits__ = None;
                let mut granted_at_ms__ = None;
                let mut deadline_ms__ = None;
                let mut count__ = None;
                let mut value__ = None;
                let mut lingers__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Owner => {
                            if owner__.is_some() {
                                return Err(serde::de::Error::duplicate_field("owner"));
                            }
                            owner__ = map_.next_value()?;
                        }
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<Mode>()? as i32);
                        }
                        GeneratedField::Permits => {
                            if permits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("permits"));
                            }
                            permits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::GrantedAtMs => {
                            if granted_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("grantedAtMs"));
                            }
                            granted_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Count => {
                            if count__.is_some() {
                                return Err(serde::de::Error::duplicate_field("count"));
                            }
                            count__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Value => {
                            if value__.is_some() {
                                return Err(serde::de::Error::duplicate_field("value"));
                            }
                            value__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Lingers => {
                            if lingers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lingers"));
                            }
                            lingers__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Holder {
                    token: token__.unwrap_or_default(),
                    session: session__.unwrap_or_default(),
                    owner: owner__,
                    mode: mode__.unwrap_or_default(),
                    permits: permits__.unwrap_or_default(),
                    granted_at_ms: granted_at_ms__.unwrap_or_default(),
                    deadline_ms: deadline_ms__.unwrap_or_default(),
                    count: count__.unwrap_or_default(),
                    value: value__,
                    lingers: lingers__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Holder", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for IfHeld {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Refuse => "IF_HELD_REFUSE",
            Self::Reenter => "IF_HELD_REENTER",
            Self::Queue => "IF_HELD_QUEUE",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for IfHeld {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "IF_HELD_REFUSE",
            "IF_HELD_REENTER",
            "IF_HELD_QUEUE",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = IfHeld;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "IF_HELD_REFUSE" => Ok(IfHeld::Refuse),
                    "IF_HELD_REENTER" => Ok(IfHeld::Reenter),
                    "IF_HELD_QUEUE" => Ok(IfHeld::Queue),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Item {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.mode != 0 {
            len += 1;
        }
        if self.permits != 0 {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        if self.value.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Item", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.mode != 0 {
            let v = Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.permits != 0 {
            struct_ser.serialize_field("permits", &self.permits)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if let Some(v) = self.value.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("value", pbjson::private::base64::encode(&v).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Item {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "mode",
            "permits",
            "limit",
            "value",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Mode,
            Permits,
            Limit,
            Value,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "mode" => Ok(GeneratedField::Mode),
                            "permits" => Ok(GeneratedField::Permits),
                            "limit" => Ok(GeneratedField::Limit),
                            "value" => Ok(GeneratedField::Value),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Item;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Item")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Item, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut mode__ = None;
                let mut permits__ = None;
                let mut limit__ = None;
                let mut value__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<Mode>()? as i32);
                        }
                        GeneratedField::Permits => {
                            if permits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("permits"));
                            }
                            permits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Value => {
                            if value__.is_some() {
                                return Err(serde::de::Error::duplicate_field("value"));
                            }
                            value__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(Item {
                    name: name__.unwrap_or_default(),
                    mode: mode__.unwrap_or_default(),
                    permits: permits__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                    value: value__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Item", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for KeepAlive {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.sessions.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.KeepAlive", len)?;
        if !self.sessions.is_empty() {
            struct_ser.serialize_field("sessions", &self.sessions)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for KeepAlive {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "sessions",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Sessions,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sessions" => Ok(GeneratedField::Sessions),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = KeepAlive;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.KeepAlive")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<KeepAlive, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut sessions__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Sessions => {
                            if sessions__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessions"));
                            }
                            sessions__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(KeepAlive {
                    sessions: sessions__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.KeepAlive", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for KeptAlive {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.renewals.is_empty() {
            len += 1;
        }
        if !self.ended.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.KeptAlive", len)?;
        if !self.renewals.is_empty() {
            struct_ser.serialize_field("renewals", &self.renewals)?;
        }
        if !self.ended.is_empty() {
            struct_ser.serialize_field("ended", &self.ended)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for KeptAlive {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "renewals",
            "ended",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Renewals,
            Ended,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "renewals" => Ok(GeneratedField::Renewals),
                            "ended" => Ok(GeneratedField::Ended),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = KeptAlive;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.KeptAlive")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<KeptAlive, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut renewals__ = None;
                let mut ended__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Renewals => {
                            if renewals__.is_some() {
                                return Err(serde::de::Error::duplicate_field("renewals"));
                            }
                            renewals__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Ended => {
                            if ended__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ended"));
                            }
                            ended__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(KeptAlive {
                    renewals: renewals__.unwrap_or_default(),
                    ended: ended__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.KeptAlive", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ListLocks {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.prefix.is_empty() {
            len += 1;
        }
        if !self.after.is_empty() {
            len += 1;
        }
        if self.len_max != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ListLocks", len)?;
        if !self.prefix.is_empty() {
            struct_ser.serialize_field("prefix", &self.prefix)?;
        }
        if !self.after.is_empty() {
            struct_ser.serialize_field("after", &self.after)?;
        }
        if self.len_max != 0 {
            struct_ser.serialize_field("lenMax", &self.len_max)?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ListLocks {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "prefix",
            "after",
            "len_max",
            "lenMax",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Prefix,
            After,
            LenMax,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "prefix" => Ok(GeneratedField::Prefix),
                            "after" => Ok(GeneratedField::After),
                            "lenMax" | "len_max" => Ok(GeneratedField::LenMax),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ListLocks;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ListLocks")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ListLocks, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut prefix__ = None;
                let mut after__ = None;
                let mut len_max__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Prefix => {
                            if prefix__.is_some() {
                                return Err(serde::de::Error::duplicate_field("prefix"));
                            }
                            prefix__ = Some(map_.next_value()?);
                        }
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = Some(map_.next_value()?);
                        }
                        GeneratedField::LenMax => {
                            if len_max__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lenMax"));
                            }
                            len_max__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ListLocks {
                    prefix: prefix__.unwrap_or_default(),
                    after: after__.unwrap_or_default(),
                    len_max: len_max__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ListLocks", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ListSessions {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.after != 0 {
            len += 1;
        }
        if self.len_max != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ListSessions", len)?;
        if self.after != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("after", ToString::to_string(&self.after).as_str())?;
        }
        if self.len_max != 0 {
            struct_ser.serialize_field("lenMax", &self.len_max)?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ListSessions {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "after",
            "len_max",
            "lenMax",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            After,
            LenMax,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "after" => Ok(GeneratedField::After),
                            "lenMax" | "len_max" => Ok(GeneratedField::LenMax),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ListSessions;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ListSessions")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ListSessions, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut after__ = None;
                let mut len_max__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::LenMax => {
                            if len_max__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lenMax"));
                            }
                            len_max__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ListSessions {
                    after: after__.unwrap_or_default(),
                    len_max: len_max__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ListSessions", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Lock {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.limit.is_some() {
            len += 1;
        }
        if !self.holders.is_empty() {
            len += 1;
        }
        if !self.waiters.is_empty() {
            len += 1;
        }
        if self.waiters_total != 0 {
            len += 1;
        }
        if self.rests_until_ms.is_some() {
            len += 1;
        }
        if self.holders_total != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Lock", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if let Some(v) = self.limit.as_ref() {
            struct_ser.serialize_field("limit", v)?;
        }
        if !self.holders.is_empty() {
            struct_ser.serialize_field("holders", &self.holders)?;
        }
        if !self.waiters.is_empty() {
            struct_ser.serialize_field("waiters", &self.waiters)?;
        }
        if self.waiters_total != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("waitersTotal", ToString::to_string(&self.waiters_total).as_str())?;
        }
        if let Some(v) = self.rests_until_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("restsUntilMs", ToString::to_string(&v).as_str())?;
        }
        if self.holders_total != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("holdersTotal", ToString::to_string(&self.holders_total).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Lock {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "limit",
            "holders",
            "waiters",
            "waiters_total",
            "waitersTotal",
            "rests_until_ms",
            "restsUntilMs",
            "holders_total",
            "holdersTotal",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Limit,
            Holders,
            Waiters,
            WaitersTotal,
            RestsUntilMs,
            HoldersTotal,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "limit" => Ok(GeneratedField::Limit),
                            "holders" => Ok(GeneratedField::Holders),
                            "waiters" => Ok(GeneratedField::Waiters),
                            "waitersTotal" | "waiters_total" => Ok(GeneratedField::WaitersTotal),
                            "restsUntilMs" | "rests_until_ms" => Ok(GeneratedField::RestsUntilMs),
                            "holdersTotal" | "holders_total" => Ok(GeneratedField::HoldersTotal),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Lock;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Lock")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Lock, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut limit__ = None;
                let mut holders__ = None;
                let mut waiters__ = None;
                let mut waiters_total__ = None;
                let mut rests_until_ms__ = None;
                let mut holders_total__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Holders => {
                            if holders__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holders"));
                            }
                            holders__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Waiters => {
                            if waiters__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waiters"));
                            }
                            waiters__ = Some(map_.next_value()?);
                        }
                        GeneratedField::WaitersTotal => {
                            if waiters_total__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitersTotal"));
                            }
                            waiters_total__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RestsUntilMs => {
                            if rests_until_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("restsUntilMs"));
                            }
                            rests_until_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::HoldersTotal => {
                            if holders_total__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holdersTotal"));
                            }
                            holders_total__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Lock {
                    name: name__.unwrap_or_default(),
                    limit: limit__,
                    holders: holders__.unwrap_or_default(),
                    waiters: waiters__.unwrap_or_default(),
                    waiters_total: waiters_total__.unwrap_or_default(),
                    rests_until_ms: rests_until_ms__,
                    holders_total: holders_total__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Lock", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for LockList {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.locks.is_empty() {
            len += 1;
        }
        if self.more {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.LockList", len)?;
        if !self.locks.is_empty() {
            struct_ser.serialize_field("locks", &self.locks)?;
        }
        if self.more {
            struct_ser.serialize_field("more", &self.more)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for LockList {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "locks",
            "more",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Locks,
            More,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "locks" => Ok(GeneratedField::Locks),
                            "more" => Ok(GeneratedField::More),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = LockList;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.LockList")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<LockList, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut locks__ = None;
                let mut more__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Locks => {
                            if locks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("locks"));
                            }
                            locks__ = Some(map_.next_value()?);
                        }
                        GeneratedField::More => {
                            if more__.is_some() {
                                return Err(serde::de::Error::duplicate_field("more"));
                            }
                            more__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(LockList {
                    locks: locks__.unwrap_or_default(),
                    more: more__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.LockList", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Member {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.node_id != 0 {
            len += 1;
        }
        if !self.peer_address.is_empty() {
            len += 1;
        }
        if !self.client_address.is_empty() {
            len += 1;
        }
        if self.role != 0 {
            len += 1;
        }
        if self.is_leader {
            len += 1;
        }
        if self.reachable {
            len += 1;
        }
        if self.match_index.is_some() {
            len += 1;
        }
        if self.applied_index.is_some() {
            len += 1;
        }
        if !self.version.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Member", len)?;
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        if !self.peer_address.is_empty() {
            struct_ser.serialize_field("peerAddress", &self.peer_address)?;
        }
        if !self.client_address.is_empty() {
            struct_ser.serialize_field("clientAddress", &self.client_address)?;
        }
        if self.role != 0 {
            let v = MemberRole::try_from(self.role)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.role)))?;
            struct_ser.serialize_field("role", &v)?;
        }
        if self.is_leader {
            struct_ser.serialize_field("isLeader", &self.is_leader)?;
        }
        if self.reachable {
            struct_ser.serialize_field("reachable", &self.reachable)?;
        }
        if let Some(v) = self.match_index.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("matchIndex", ToString::to_string(&v).as_str())?;
        }
        if let Some(v) = self.applied_index.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("appliedIndex", ToString::to_string(&v).as_str())?;
        }
        if !self.version.is_empty() {
            struct_ser.serialize_field("version", &self.version)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Member {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node_id",
            "nodeId",
            "peer_address",
            "peerAddress",
            "client_address",
            "clientAddress",
            "role",
            "is_leader",
            "isLeader",
            "reachable",
            "match_index",
            "matchIndex",
            "applied_index",
            "appliedIndex",
            "version",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            NodeId,
            PeerAddress,
            ClientAddress,
            Role,
            IsLeader,
            Reachable,
            MatchIndex,
            AppliedIndex,
            Version,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            "peerAddress" | "peer_address" => Ok(GeneratedField::PeerAddress),
                            "clientAddress" | "client_address" => Ok(GeneratedField::ClientAddress),
                            "role" => Ok(GeneratedField::Role),
                            "isLeader" | "is_leader" => Ok(GeneratedField::IsLeader),
                            "reachable" => Ok(GeneratedField::Reachable),
                            "matchIndex" | "match_index" => Ok(GeneratedField::MatchIndex),
                            "appliedIndex" | "applied_index" => Ok(GeneratedField::AppliedIndex),
                            "version" => Ok(GeneratedField::Version),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Member;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Member")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Member, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node_id__ = None;
                let mut peer_address__ = None;
                let mut client_address__ = None;
                let mut role__ = None;
                let mut is_leader__ = None;
                let mut reachable__ = None;
                let mut match_index__ = None;
                let mut applied_index__ = None;
                let mut version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::PeerAddress => {
                            if peer_address__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peerAddress"));
                            }
                            peer_address__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ClientAddress => {
                            if client_address__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientAddress"));
                            }
                            client_address__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Role => {
                            if role__.is_some() {
                                return Err(serde::de::Error::duplicate_field("role"));
                            }
                            role__ = Some(map_.next_value::<MemberRole>()? as i32);
                        }
                        GeneratedField::IsLeader => {
                            if is_leader__.is_some() {
                                return Err(serde::de::Error::duplicate_field("isLeader"));
                            }
                            is_leader__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reachable => {
                            if reachable__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reachable"));
                            }
                            reachable__ = Some(map_.next_value()?);
                        }
                        GeneratedField::MatchIndex => {
                            if match_index__.is_some() {
                                return Err(serde::de::Error::duplicate_field("matchIndex"));
                            }
                            match_index__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::AppliedIndex => {
                            if applied_index__.is_some() {
                                return Err(serde::de::Error::duplicate_field("appliedIndex"));
                            }
                            applied_index__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Version => {
                            if version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("version"));
                            }
                            version__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Member {
                    node_id: node_id__.unwrap_or_default(),
                    peer_address: peer_address__.unwrap_or_default(),
                    client_address: client_address__.unwrap_or_default(),
                    role: role__.unwrap_or_default(),
                    is_leader: is_leader__.unwrap_or_default(),
                    reachable: reachable__.unwrap_or_default(),
                    match_index: match_index__,
                    applied_index: applied_index__,
                    version: version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Member", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MemberRole {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "MEMBER_ROLE_UNSPECIFIED",
            Self::Voter => "MEMBER_ROLE_VOTER",
            Self::Learner => "MEMBER_ROLE_LEARNER",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for MemberRole {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "MEMBER_ROLE_UNSPECIFIED",
            "MEMBER_ROLE_VOTER",
            "MEMBER_ROLE_LEARNER",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = MemberRole;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "MEMBER_ROLE_UNSPECIFIED" => Ok(MemberRole::Unspecified),
                    "MEMBER_ROLE_VOTER" => Ok(MemberRole::Voter),
                    "MEMBER_ROLE_LEARNER" => Ok(MemberRole::Learner),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Message {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.kind.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Message", len)?;
        if let Some(v) = self.kind.as_ref() {
            match v {
                message::Kind::Reply(v) => {
                    struct_ser.serialize_field("reply", v)?;
                }
                message::Kind::Event(v) => {
                    struct_ser.serialize_field("event", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Message {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "reply",
            "event",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Reply,
            Event,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "reply" => Ok(GeneratedField::Reply),
                            "event" => Ok(GeneratedField::Event),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Message;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Message")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Message, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut kind__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Reply => {
                            if kind__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reply"));
                            }
                            kind__ = map_.next_value::<::std::option::Option<_>>()?.map(message::Kind::Reply)
;
                        }
                        GeneratedField::Event => {
                            if kind__.is_some() {
                                return Err(serde::de::Error::duplicate_field("event"));
                            }
                            kind__ = map_.next_value::<::std::option::Option<_>>()?.map(message::Kind::Event)
;
                        }
                    }
                }
                Ok(Message {
                    kind: kind__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Message", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Mode {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "MODE_UNSPECIFIED",
            Self::Exclusive => "MODE_EXCLUSIVE",
            Self::Shared => "MODE_SHARED",
            Self::Permits => "MODE_PERMITS",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Mode {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "MODE_UNSPECIFIED",
            "MODE_EXCLUSIVE",
            "MODE_SHARED",
            "MODE_PERMITS",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Mode;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "MODE_UNSPECIFIED" => Ok(Mode::Unspecified),
                    "MODE_EXCLUSIVE" => Ok(Mode::Exclusive),
                    "MODE_SHARED" => Ok(Mode::Shared),
                    "MODE_PERMITS" => Ok(Mode::Permits),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for OnDisconnect {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Keep => "ON_DISCONNECT_KEEP",
            Self::Release => "ON_DISCONNECT_RELEASE",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for OnDisconnect {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ON_DISCONNECT_KEEP",
            "ON_DISCONNECT_RELEASE",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = OnDisconnect;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "ON_DISCONNECT_KEEP" => Ok(OnDisconnect::Keep),
                    "ON_DISCONNECT_RELEASE" => Ok(OnDisconnect::Release),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for OpenSession {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.ttl_ms != 0 {
            len += 1;
        }
        if self.on_disconnect != 0 {
            len += 1;
        }
        if self.owner.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.OpenSession", len)?;
        if self.ttl_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ttlMs", ToString::to_string(&self.ttl_ms).as_str())?;
        }
        if self.on_disconnect != 0 {
            let v = OnDisconnect::try_from(self.on_disconnect)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.on_disconnect)))?;
            struct_ser.serialize_field("onDisconnect", &v)?;
        }
        if let Some(v) = self.owner.as_ref() {
            struct_ser.serialize_field("owner", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for OpenSession {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ttl_ms",
            "ttlMs",
            "on_disconnect",
            "onDisconnect",
            "owner",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            TtlMs,
            OnDisconnect,
            Owner,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "ttlMs" | "ttl_ms" => Ok(GeneratedField::TtlMs),
                            "onDisconnect" | "on_disconnect" => Ok(GeneratedField::OnDisconnect),
                            "owner" => Ok(GeneratedField::Owner),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = OpenSession;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.OpenSession")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<OpenSession, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut ttl_ms__ = None;
                let mut on_disconnect__ = None;
                let mut owner__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::TtlMs => {
                            if ttl_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ttlMs"));
                            }
                            ttl_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::OnDisconnect => {
                            if on_disconnect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("onDisconnect"));
                            }
                            on_disconnect__ = Some(map_.next_value::<OnDisconnect>()? as i32);
                        }
                        GeneratedField::Owner => {
                            if owner__.is_some() {
                                return Err(serde::de::Error::duplicate_field("owner"));
                            }
                            owner__ = map_.next_value()?;
                        }
                    }
                }
                Ok(OpenSession {
                    ttl_ms: ttl_ms__.unwrap_or_default(),
                    on_disconnect: on_disconnect__.unwrap_or_default(),
                    owner: owner__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.OpenSession", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Owner {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.host.is_empty() {
            len += 1;
        }
        if self.pid != 0 {
            len += 1;
        }
        if !self.user.is_empty() {
            len += 1;
        }
        if !self.command.is_empty() {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Owner", len)?;
        if !self.host.is_empty() {
            struct_ser.serialize_field("host", &self.host)?;
        }
        if self.pid != 0 {
            struct_ser.serialize_field("pid", &self.pid)?;
        }
        if !self.user.is_empty() {
            struct_ser.serialize_field("user", &self.user)?;
        }
        if !self.command.is_empty() {
            struct_ser.serialize_field("command", &self.command)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Owner {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "host",
            "pid",
            "user",
            "command",
            "reason",
            "url",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Host,
            Pid,
            User,
            Command,
            Reason,
            Url,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "host" => Ok(GeneratedField::Host),
                            "pid" => Ok(GeneratedField::Pid),
                            "user" => Ok(GeneratedField::User),
                            "command" => Ok(GeneratedField::Command),
                            "reason" => Ok(GeneratedField::Reason),
                            "url" => Ok(GeneratedField::Url),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Owner;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Owner")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Owner, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut host__ = None;
                let mut pid__ = None;
                let mut user__ = None;
                let mut command__ = None;
                let mut reason__ = None;
                let mut url__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Host => {
                            if host__.is_some() {
                                return Err(serde::de::Error::duplicate_field("host"));
                            }
                            host__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Pid => {
                            if pid__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pid"));
                            }
                            pid__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::User => {
                            if user__.is_some() {
                                return Err(serde::de::Error::duplicate_field("user"));
                            }
                            user__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Command => {
                            if command__.is_some() {
                                return Err(serde::de::Error::duplicate_field("command"));
                            }
                            command__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Owner {
                    host: host__.unwrap_or_default(),
                    pid: pid__.unwrap_or_default(),
                    user: user__.unwrap_or_default(),
                    command: command__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Owner", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Queued {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.position != 0 {
            len += 1;
        }
        if self.waiters != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Queued", len)?;
        if self.position != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("position", ToString::to_string(&self.position).as_str())?;
        }
        if self.waiters != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("waiters", ToString::to_string(&self.waiters).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Queued {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "position",
            "waiters",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Position,
            Waiters,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "position" => Ok(GeneratedField::Position),
                            "waiters" => Ok(GeneratedField::Waiters),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Queued;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Queued")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Queued, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut position__ = None;
                let mut waiters__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Position => {
                            if position__.is_some() {
                                return Err(serde::de::Error::duplicate_field("position"));
                            }
                            position__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Waiters => {
                            if waiters__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waiters"));
                            }
                            waiters__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Queued {
                    position: position__.unwrap_or_default(),
                    waiters: waiters__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Queued", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Release {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.hold.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Release", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Release {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "hold",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Hold,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "hold" => Ok(GeneratedField::Hold),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Release;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Release")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Release, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut hold__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Release {
                    request: request__,
                    hold: hold__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Release", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Released {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.reentries_left != 0 {
            len += 1;
        }
        if self.free_at_ms.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Released", len)?;
        if self.reentries_left != 0 {
            struct_ser.serialize_field("reentriesLeft", &self.reentries_left)?;
        }
        if let Some(v) = self.free_at_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("freeAtMs", ToString::to_string(&v).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Released {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "reentries_left",
            "reentriesLeft",
            "free_at_ms",
            "freeAtMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ReentriesLeft,
            FreeAtMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "reentriesLeft" | "reentries_left" => Ok(GeneratedField::ReentriesLeft),
                            "freeAtMs" | "free_at_ms" => Ok(GeneratedField::FreeAtMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Released;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Released")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Released, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut reentries_left__ = None;
                let mut free_at_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ReentriesLeft => {
                            if reentries_left__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reentriesLeft"));
                            }
                            reentries_left__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::FreeAtMs => {
                            if free_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("freeAtMs"));
                            }
                            free_at_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(Released {
                    reentries_left: reentries_left__.unwrap_or_default(),
                    free_at_ms: free_at_ms__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Released", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RenewHold {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.hold.is_some() {
            len += 1;
        }
        if self.ttl_ms.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.RenewHold", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        if let Some(v) = self.ttl_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ttlMs", ToString::to_string(&v).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RenewHold {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "hold",
            "ttl_ms",
            "ttlMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Hold,
            TtlMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "hold" => Ok(GeneratedField::Hold),
                            "ttlMs" | "ttl_ms" => Ok(GeneratedField::TtlMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RenewHold;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.RenewHold")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RenewHold, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut hold__ = None;
                let mut ttl_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                        GeneratedField::TtlMs => {
                            if ttl_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ttlMs"));
                            }
                            ttl_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(RenewHold {
                    request: request__,
                    hold: hold__,
                    ttl_ms: ttl_ms__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.RenewHold", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Renewal {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.result.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Renewal", len)?;
        if let Some(v) = self.result.as_ref() {
            match v {
                renewal::Result::DeadlineMs(v) => {
                    #[allow(clippy::needless_borrow)]
                    #[allow(clippy::needless_borrows_for_generic_args)]
                    struct_ser.serialize_field("deadlineMs", ToString::to_string(&v).as_str())?;
                }
                renewal::Result::Error(v) => {
                    struct_ser.serialize_field("error", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Renewal {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "deadline_ms",
            "deadlineMs",
            "error",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            DeadlineMs,
            Error,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "error" => Ok(GeneratedField::Error),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Renewal;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Renewal")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Renewal, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut result__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::DeadlineMs => {
                            if result__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            result__ = map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| renewal::Result::DeadlineMs(x.0));
                        }
                        GeneratedField::Error => {
                            if result__.is_some() {
                                return Err(serde::de::Error::duplicate_field("error"));
                            }
                            result__ = map_.next_value::<::std::option::Option<_>>()?.map(renewal::Result::Error)
;
                        }
                    }
                }
                Ok(Renewal {
                    result: result__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Renewal", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Reply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.id != 0 {
            len += 1;
        }
        if self.now_ms != 0 {
            len += 1;
        }
        if self.staleness.is_some() {
            len += 1;
        }
        if self.outcome.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Reply", len)?;
        if self.id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("id", ToString::to_string(&self.id).as_str())?;
        }
        if self.now_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nowMs", ToString::to_string(&self.now_ms).as_str())?;
        }
        if let Some(v) = self.staleness.as_ref() {
            struct_ser.serialize_field("staleness", v)?;
        }
        if let Some(v) = self.outcome.as_ref() {
            match v {
                reply::Outcome::Error(v) => {
                    struct_ser.serialize_field("error", v)?;
                }
                reply::Outcome::SessionOpened(v) => {
                    struct_ser.serialize_field("sessionOpened", v)?;
                }
                reply::Outcome::SessionAttached(v) => {
                    struct_ser.serialize_field("sessionAttached", v)?;
                }
                reply::Outcome::KeptAlive(v) => {
                    struct_ser.serialize_field("keptAlive", v)?;
                }
                reply::Outcome::SessionClosed(v) => {
                    struct_ser.serialize_field("sessionClosed", v)?;
                }
                reply::Outcome::Granted(v) => {
                    struct_ser.serialize_field("granted", v)?;
                }
                reply::Outcome::AlreadyHeld(v) => {
                    struct_ser.serialize_field("alreadyHeld", v)?;
                }
                reply::Outcome::Queued(v) => {
                    struct_ser.serialize_field("queued", v)?;
                }
                reply::Outcome::Busy(v) => {
                    struct_ser.serialize_field("busy", v)?;
                }
                reply::Outcome::WaitTimedOut(v) => {
                    struct_ser.serialize_field("waitTimedOut", v)?;
                }
                reply::Outcome::Cancelled(v) => {
                    struct_ser.serialize_field("cancelled", v)?;
                }
                reply::Outcome::Released(v) => {
                    struct_ser.serialize_field("released", v)?;
                }
                reply::Outcome::ValueSet(v) => {
                    struct_ser.serialize_field("valueSet", v)?;
                }
                reply::Outcome::Downgraded(v) => {
                    struct_ser.serialize_field("downgraded", v)?;
                }
                reply::Outcome::HoldRenewed(v) => {
                    struct_ser.serialize_field("holdRenewed", v)?;
                }
                reply::Outcome::Revoked(v) => {
                    struct_ser.serialize_field("revoked", v)?;
                }
                reply::Outcome::Lock(v) => {
                    struct_ser.serialize_field("lock", v)?;
                }
                reply::Outcome::LockList(v) => {
                    struct_ser.serialize_field("lockList", v)?;
                }
                reply::Outcome::SessionList(v) => {
                    struct_ser.serialize_field("sessionList", v)?;
                }
                reply::Outcome::History(v) => {
                    struct_ser.serialize_field("history", v)?;
                }
                reply::Outcome::Verdict(v) => {
                    struct_ser.serialize_field("verdict", v)?;
                }
                reply::Outcome::WatchStarted(v) => {
                    struct_ser.serialize_field("watchStarted", v)?;
                }
                reply::Outcome::WatchEnded(v) => {
                    struct_ser.serialize_field("watchEnded", v)?;
                }
                reply::Outcome::ServerInfo(v) => {
                    struct_ser.serialize_field("serverInfo", v)?;
                }
                reply::Outcome::ClusterStatus(v) => {
                    struct_ser.serialize_field("clusterStatus", v)?;
                }
                reply::Outcome::BackupPart(v) => {
                    struct_ser.serialize_field("backupPart", v)?;
                }
                reply::Outcome::Session(v) => {
                    struct_ser.serialize_field("session", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Reply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "id",
            "now_ms",
            "nowMs",
            "staleness",
            "error",
            "session_opened",
            "sessionOpened",
            "session_attached",
            "sessionAttached",
            "kept_alive",
            "keptAlive",
            "session_closed",
            "sessionClosed",
            "granted",
            "already_held",
            "alreadyHeld",
            "queued",
            "busy",
            "wait_timed_out",
            "waitTimedOut",
            "cancelled",
            "released",
            "value_set",
            "valueSet",
            "downgraded",
            "hold_renewed",
            "holdRenewed",
            "revoked",
            "lock",
            "lock_list",
            "lockList",
            "session_list",
            "sessionList",
            "history",
            "verdict",
            "watch_started",
            "watchStarted",
            "watch_ended",
            "watchEnded",
            "server_info",
            "serverInfo",
            "cluster_status",
            "clusterStatus",
            "backup_part",
            "backupPart",
            "session",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Id,
            NowMs,
            Staleness,
            Error,
            SessionOpened,
            SessionAttached,
            KeptAlive,
            SessionClosed,
            Granted,
            AlreadyHeld,
            Queued,
            Busy,
            WaitTimedOut,
            Cancelled,
            Released,
            ValueSet,
            Downgraded,
            HoldRenewed,
            Revoked,
            Lock,
            LockList,
            SessionList,
            History,
            Verdict,
            WatchStarted,
            WatchEnded,
            ServerInfo,
            ClusterStatus,
            BackupPart,
            Session,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "id" => Ok(GeneratedField::Id),
                            "nowMs" | "now_ms" => Ok(GeneratedField::NowMs),
                            "staleness" => Ok(GeneratedField::Staleness),
                            "error" => Ok(GeneratedField::Error),
                            "sessionOpened" | "session_opened" => Ok(GeneratedField::SessionOpened),
                            "sessionAttached" | "session_attached" => Ok(GeneratedField::SessionAttached),
                            "keptAlive" | "kept_alive" => Ok(GeneratedField::KeptAlive),
                            "sessionClosed" | "session_closed" => Ok(GeneratedField::SessionClosed),
                            "granted" => Ok(GeneratedField::Granted),
                            "alreadyHeld" | "already_held" => Ok(GeneratedField::AlreadyHeld),
                            "queued" => Ok(GeneratedField::Queued),
                            "busy" => Ok(GeneratedField::Busy),
                            "waitTimedOut" | "wait_timed_out" => Ok(GeneratedField::WaitTimedOut),
                            "cancelled" => Ok(GeneratedField::Cancelled),
                            "released" => Ok(GeneratedField::Released),
                            "valueSet" | "value_set" => Ok(GeneratedField::ValueSet),
                            "downgraded" => Ok(GeneratedField::Downgraded),
                            "holdRenewed" | "hold_renewed" => Ok(GeneratedField::HoldRenewed),
                            "revoked" => Ok(GeneratedField::Revoked),
                            "lock" => Ok(GeneratedField::Lock),
                            "lockList" | "lock_list" => Ok(GeneratedField::LockList),
                            "sessionList" | "session_list" => Ok(GeneratedField::SessionList),
                            "history" => Ok(GeneratedField::History),
                            "verdict" => Ok(GeneratedField::Verdict),
                            "watchStarted" | "watch_started" => Ok(GeneratedField::WatchStarted),
                            "watchEnded" | "watch_ended" => Ok(GeneratedField::WatchEnded),
                            "serverInfo" | "server_info" => Ok(GeneratedField::ServerInfo),
                            "clusterStatus" | "cluster_status" => Ok(GeneratedField::ClusterStatus),
                            "backupPart" | "backup_part" => Ok(GeneratedField::BackupPart),
                            "session" => Ok(GeneratedField::Session),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Reply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Reply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Reply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut id__ = None;
                let mut now_ms__ = None;
                let mut staleness__ = None;
                let mut outcome__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::NowMs => {
                            if now_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nowMs"));
                            }
                            now_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Staleness => {
                            if staleness__.is_some() {
                                return Err(serde::de::Error::duplicate_field("staleness"));
                            }
                            staleness__ = map_.next_value()?;
                        }
                        GeneratedField::Error => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("error"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Error)
;
                        }
                        GeneratedField::SessionOpened => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionOpened"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::SessionOpened)
;
                        }
                        GeneratedField::SessionAttached => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionAttached"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::SessionAttached)
;
                        }
                        GeneratedField::KeptAlive => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("keptAlive"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::KeptAlive)
;
                        }
                        GeneratedField::SessionClosed => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionClosed"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::SessionClosed)
;
                        }
                        GeneratedField::Granted => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("granted"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Granted)
;
                        }
                        GeneratedField::AlreadyHeld => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("alreadyHeld"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::AlreadyHeld)
;
                        }
                        GeneratedField::Queued => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("queued"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Queued)
;
                        }
                        GeneratedField::Busy => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("busy"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Busy)
;
                        }
                        GeneratedField::WaitTimedOut => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitTimedOut"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::WaitTimedOut)
;
                        }
                        GeneratedField::Cancelled => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cancelled"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Cancelled)
;
                        }
                        GeneratedField::Released => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("released"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Released)
;
                        }
                        GeneratedField::ValueSet => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("valueSet"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::ValueSet)
;
                        }
                        GeneratedField::Downgraded => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("downgraded"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Downgraded)
;
                        }
                        GeneratedField::HoldRenewed => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holdRenewed"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::HoldRenewed)
;
                        }
                        GeneratedField::Revoked => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revoked"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Revoked)
;
                        }
                        GeneratedField::Lock => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lock"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Lock)
;
                        }
                        GeneratedField::LockList => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lockList"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::LockList)
;
                        }
                        GeneratedField::SessionList => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionList"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::SessionList)
;
                        }
                        GeneratedField::History => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("history"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::History)
;
                        }
                        GeneratedField::Verdict => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("verdict"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Verdict)
;
                        }
                        GeneratedField::WatchStarted => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watchStarted"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::WatchStarted)
;
                        }
                        GeneratedField::WatchEnded => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watchEnded"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::WatchEnded)
;
                        }
                        GeneratedField::ServerInfo => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverInfo"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::ServerInfo)
;
                        }
                        GeneratedField::ClusterStatus => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterStatus"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::ClusterStatus)
;
                        }
                        GeneratedField::BackupPart => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("backupPart"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::BackupPart)
;
                        }
                        GeneratedField::Session => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            outcome__ = map_.next_value::<::std::option::Option<_>>()?.map(reply::Outcome::Session)
;
                        }
                    }
                }
                Ok(Reply {
                    id: id__.unwrap_or_default(),
                    now_ms: now_ms__.unwrap_or_default(),
                    staleness: staleness__,
                    outcome: outcome__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Reply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Request {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.id != 0 {
            len += 1;
        }
        if self.op.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Request", len)?;
        if self.id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("id", ToString::to_string(&self.id).as_str())?;
        }
        if let Some(v) = self.op.as_ref() {
            match v {
                request::Op::OpenSession(v) => {
                    struct_ser.serialize_field("openSession", v)?;
                }
                request::Op::AttachSession(v) => {
                    struct_ser.serialize_field("attachSession", v)?;
                }
                request::Op::KeepAlive(v) => {
                    struct_ser.serialize_field("keepAlive", v)?;
                }
                request::Op::CloseSession(v) => {
                    struct_ser.serialize_field("closeSession", v)?;
                }
                request::Op::Acquire(v) => {
                    struct_ser.serialize_field("acquire", v)?;
                }
                request::Op::AcquireMany(v) => {
                    struct_ser.serialize_field("acquireMany", v)?;
                }
                request::Op::Upgrade(v) => {
                    struct_ser.serialize_field("upgrade", v)?;
                }
                request::Op::Cancel(v) => {
                    struct_ser.serialize_field("cancel", v)?;
                }
                request::Op::Release(v) => {
                    struct_ser.serialize_field("release", v)?;
                }
                request::Op::SetValue(v) => {
                    struct_ser.serialize_field("setValue", v)?;
                }
                request::Op::Downgrade(v) => {
                    struct_ser.serialize_field("downgrade", v)?;
                }
                request::Op::RenewHold(v) => {
                    struct_ser.serialize_field("renewHold", v)?;
                }
                request::Op::Revoke(v) => {
                    struct_ser.serialize_field("revoke", v)?;
                }
                request::Op::GetLock(v) => {
                    struct_ser.serialize_field("getLock", v)?;
                }
                request::Op::ListLocks(v) => {
                    struct_ser.serialize_field("listLocks", v)?;
                }
                request::Op::ListSessions(v) => {
                    struct_ser.serialize_field("listSessions", v)?;
                }
                request::Op::GetHistory(v) => {
                    struct_ser.serialize_field("getHistory", v)?;
                }
                request::Op::Verify(v) => {
                    struct_ser.serialize_field("verify", v)?;
                }
                request::Op::Watch(v) => {
                    struct_ser.serialize_field("watch", v)?;
                }
                request::Op::Unwatch(v) => {
                    struct_ser.serialize_field("unwatch", v)?;
                }
                request::Op::GetServerInfo(v) => {
                    struct_ser.serialize_field("getServerInfo", v)?;
                }
                request::Op::GetClusterStatus(v) => {
                    struct_ser.serialize_field("getClusterStatus", v)?;
                }
                request::Op::ClusterAdd(v) => {
                    struct_ser.serialize_field("clusterAdd", v)?;
                }
                request::Op::ClusterPromote(v) => {
                    struct_ser.serialize_field("clusterPromote", v)?;
                }
                request::Op::ClusterRemove(v) => {
                    struct_ser.serialize_field("clusterRemove", v)?;
                }
                request::Op::ClusterTransfer(v) => {
                    struct_ser.serialize_field("clusterTransfer", v)?;
                }
                request::Op::Backup(v) => {
                    struct_ser.serialize_field("backup", v)?;
                }
                request::Op::GetSession(v) => {
                    struct_ser.serialize_field("getSession", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Request {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "id",
            "open_session",
            "openSession",
            "attach_session",
            "attachSession",
            "keep_alive",
            "keepAlive",
            "close_session",
            "closeSession",
            "acquire",
            "acquire_many",
            "acquireMany",
            "upgrade",
            "cancel",
            "release",
            "set_value",
            "setValue",
            "downgrade",
            "renew_hold",
            "renewHold",
            "revoke",
            "get_lock",
            "getLock",
            "list_locks",
            "listLocks",
            "list_sessions",
            "listSessions",
            "get_history",
            "getHistory",
            "verify",
            "watch",
            "unwatch",
            "get_server_info",
            "getServerInfo",
            "get_cluster_status",
            "getClusterStatus",
            "cluster_add",
            "clusterAdd",
            "cluster_promote",
            "clusterPromote",
            "cluster_remove",
            "clusterRemove",
            "cluster_transfer",
            "clusterTransfer",
            "backup",
            "get_session",
            "getSession",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Id,
            OpenSession,
            AttachSession,
            KeepAlive,
            CloseSession,
            Acquire,
            AcquireMany,
            Upgrade,
            Cancel,
            Release,
            SetValue,
            Downgrade,
            RenewHold,
            Revoke,
            GetLock,
            ListLocks,
            ListSessions,
            GetHistory,
            Verify,
            Watch,
            Unwatch,
            GetServerInfo,
            GetClusterStatus,
            ClusterAdd,
            ClusterPromote,
            ClusterRemove,
            ClusterTransfer,
            Backup,
            GetSession,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "id" => Ok(GeneratedField::Id),
                            "openSession" | "open_session" => Ok(GeneratedField::OpenSession),
                            "attachSession" | "attach_session" => Ok(GeneratedField::AttachSession),
                            "keepAlive" | "keep_alive" => Ok(GeneratedField::KeepAlive),
                            "closeSession" | "close_session" => Ok(GeneratedField::CloseSession),
                            "acquire" => Ok(GeneratedField::Acquire),
                            "acquireMany" | "acquire_many" => Ok(GeneratedField::AcquireMany),
                            "upgrade" => Ok(GeneratedField::Upgrade),
                            "cancel" => Ok(GeneratedField::Cancel),
                            "release" => Ok(GeneratedField::Release),
                            "setValue" | "set_value" => Ok(GeneratedField::SetValue),
                            "downgrade" => Ok(GeneratedField::Downgrade),
                            "renewHold" | "renew_hold" => Ok(GeneratedField::RenewHold),
                            "revoke" => Ok(GeneratedField::Revoke),
                            "getLock" | "get_lock" => Ok(GeneratedField::GetLock),
                            "listLocks" | "list_locks" => Ok(GeneratedField::ListLocks),
                            "listSessions" | "list_sessions" => Ok(GeneratedField::ListSessions),
                            "getHistory" | "get_history" => Ok(GeneratedField::GetHistory),
                            "verify" => Ok(GeneratedField::Verify),
                            "watch" => Ok(GeneratedField::Watch),
                            "unwatch" => Ok(GeneratedField::Unwatch),
                            "getServerInfo" | "get_server_info" => Ok(GeneratedField::GetServerInfo),
                            "getClusterStatus" | "get_cluster_status" => Ok(GeneratedField::GetClusterStatus),
                            "clusterAdd" | "cluster_add" => Ok(GeneratedField::ClusterAdd),
                            "clusterPromote" | "cluster_promote" => Ok(GeneratedField::ClusterPromote),
                            "clusterRemove" | "cluster_remove" => Ok(GeneratedField::ClusterRemove),
                            "clusterTransfer" | "cluster_transfer" => Ok(GeneratedField::ClusterTransfer),
                            "backup" => Ok(GeneratedField::Backup),
                            "getSession" | "get_session" => Ok(GeneratedField::GetSession),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Request;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Request")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Request, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut id__ = None;
                let mut op__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::OpenSession => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("openSession"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::OpenSession)
;
                        }
                        GeneratedField::AttachSession => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("attachSession"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::AttachSession)
;
                        }
                        GeneratedField::KeepAlive => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("keepAlive"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::KeepAlive)
;
                        }
                        GeneratedField::CloseSession => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("closeSession"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::CloseSession)
;
                        }
                        GeneratedField::Acquire => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("acquire"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Acquire)
;
                        }
                        GeneratedField::AcquireMany => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("acquireMany"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::AcquireMany)
;
                        }
                        GeneratedField::Upgrade => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("upgrade"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Upgrade)
;
                        }
                        GeneratedField::Cancel => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cancel"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Cancel)
;
                        }
                        GeneratedField::Release => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("release"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Release)
;
                        }
                        GeneratedField::SetValue => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setValue"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::SetValue)
;
                        }
                        GeneratedField::Downgrade => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("downgrade"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Downgrade)
;
                        }
                        GeneratedField::RenewHold => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("renewHold"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::RenewHold)
;
                        }
                        GeneratedField::Revoke => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revoke"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Revoke)
;
                        }
                        GeneratedField::GetLock => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getLock"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::GetLock)
;
                        }
                        GeneratedField::ListLocks => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listLocks"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ListLocks)
;
                        }
                        GeneratedField::ListSessions => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listSessions"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ListSessions)
;
                        }
                        GeneratedField::GetHistory => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getHistory"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::GetHistory)
;
                        }
                        GeneratedField::Verify => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("verify"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Verify)
;
                        }
                        GeneratedField::Watch => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watch"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Watch)
;
                        }
                        GeneratedField::Unwatch => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unwatch"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Unwatch)
;
                        }
                        GeneratedField::GetServerInfo => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getServerInfo"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::GetServerInfo)
;
                        }
                        GeneratedField::GetClusterStatus => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getClusterStatus"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::GetClusterStatus)
;
                        }
                        GeneratedField::ClusterAdd => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterAdd"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ClusterAdd)
;
                        }
                        GeneratedField::ClusterPromote => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterPromote"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ClusterPromote)
;
                        }
                        GeneratedField::ClusterRemove => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterRemove"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ClusterRemove)
;
                        }
                        GeneratedField::ClusterTransfer => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterTransfer"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::ClusterTransfer)
;
                        }
                        GeneratedField::Backup => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("backup"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::Backup)
;
                        }
                        GeneratedField::GetSession => {
                            if op__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getSession"));
                            }
                            op__ = map_.next_value::<::std::option::Option<_>>()?.map(request::Op::GetSession)
;
                        }
                    }
                }
                Ok(Request {
                    id: id__.unwrap_or_default(),
                    op: op__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Request", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RequestRef {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session.is_some() {
            len += 1;
        }
        if self.seq != 0 {
            len += 1;
        }
        if self.answered_below != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.RequestRef", len)?;
        if let Some(v) = self.session.as_ref() {
            struct_ser.serialize_field("session", v)?;
        }
        if self.seq != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("seq", ToString::to_string(&self.seq).as_str())?;
        }
        if self.answered_below != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("answeredBelow", ToString::to_string(&self.answered_below).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RequestRef {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "seq",
            "answered_below",
            "answeredBelow",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            Seq,
            AnsweredBelow,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "seq" => Ok(GeneratedField::Seq),
                            "answeredBelow" | "answered_below" => Ok(GeneratedField::AnsweredBelow),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RequestRef;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.RequestRef")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RequestRef, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut seq__ = None;
                let mut answered_below__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = map_.next_value()?;
                        }
                        GeneratedField::Seq => {
                            if seq__.is_some() {
                                return Err(serde::de::Error::duplicate_field("seq"));
                            }
                            seq__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::AnsweredBelow => {
                            if answered_below__.is_some() {
                                return Err(serde::de::Error::duplicate_field("answeredBelow"));
                            }
                            answered_below__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(RequestRef {
                    session: session__,
                    seq: seq__.unwrap_or_default(),
                    answered_below: answered_below__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.RequestRef", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Revoke {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.token.is_some() {
            len += 1;
        }
        if self.wait_for_deadline {
            len += 1;
        }
        if !self.by.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Revoke", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if let Some(v) = self.token.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&v).as_str())?;
        }
        if self.wait_for_deadline {
            struct_ser.serialize_field("waitForDeadline", &self.wait_for_deadline)?;
        }
        if !self.by.is_empty() {
            struct_ser.serialize_field("by", &self.by)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Revoke {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "token",
            "wait_for_deadline",
            "waitForDeadline",
            "by",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Token,
            WaitForDeadline,
            By,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "token" => Ok(GeneratedField::Token),
                            "waitForDeadline" | "wait_for_deadline" => Ok(GeneratedField::WaitForDeadline),
                            "by" => Ok(GeneratedField::By),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Revoke;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Revoke")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Revoke, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut token__ = None;
                let mut wait_for_deadline__ = None;
                let mut by__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::WaitForDeadline => {
                            if wait_for_deadline__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waitForDeadline"));
                            }
                            wait_for_deadline__ = Some(map_.next_value()?);
                        }
                        GeneratedField::By => {
                            if by__.is_some() {
                                return Err(serde::de::Error::duplicate_field("by"));
                            }
                            by__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Revoke {
                    name: name__.unwrap_or_default(),
                    token: token__,
                    wait_for_deadline: wait_for_deadline__.unwrap_or_default(),
                    by: by__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Revoke", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Revoked {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.tokens.is_empty() {
            len += 1;
        }
        if self.total != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Revoked", len)?;
        if !self.tokens.is_empty() {
            struct_ser.serialize_field("tokens", &self.tokens.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        }
        if self.total != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("total", ToString::to_string(&self.total).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Revoked {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "tokens",
            "total",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Tokens,
            Total,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "tokens" => Ok(GeneratedField::Tokens),
                            "total" => Ok(GeneratedField::Total),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Revoked;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Revoked")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Revoked, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut tokens__ = None;
                let mut total__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Tokens => {
                            if tokens__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tokens"));
                            }
                            tokens__ = 
                                Some(map_.next_value::<Vec<::pbjson::private::NumberDeserialize<_>>>()?
                                    .into_iter().map(|x| x.0).collect())
                            ;
                        }
                        GeneratedField::Total => {
                            if total__.is_some() {
                                return Err(serde::de::Error::duplicate_field("total"));
                            }
                            total__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Revoked {
                    tokens: tokens__.unwrap_or_default(),
                    total: total__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Revoked", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ServerInfo {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.version.is_empty() {
            len += 1;
        }
        if !self.durability.is_empty() {
            len += 1;
        }
        if self.locks != 0 {
            len += 1;
        }
        if self.sessions != 0 {
            len += 1;
        }
        if self.holds != 0 {
            len += 1;
        }
        if self.waiters != 0 {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        if self.last_token != 0 {
            len += 1;
        }
        if self.node_id != 0 {
            len += 1;
        }
        if self.cluster_id != 0 {
            len += 1;
        }
        if self.leader != 0 {
            len += 1;
        }
        if !self.members.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.ServerInfo", len)?;
        if !self.version.is_empty() {
            struct_ser.serialize_field("version", &self.version)?;
        }
        if !self.durability.is_empty() {
            struct_ser.serialize_field("durability", &self.durability)?;
        }
        if self.locks != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("locks", ToString::to_string(&self.locks).as_str())?;
        }
        if self.sessions != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("sessions", ToString::to_string(&self.sessions).as_str())?;
        }
        if self.holds != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("holds", ToString::to_string(&self.holds).as_str())?;
        }
        if self.waiters != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("waiters", ToString::to_string(&self.waiters).as_str())?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        if self.last_token != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("lastToken", ToString::to_string(&self.last_token).as_str())?;
        }
        if self.node_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("nodeId", ToString::to_string(&self.node_id).as_str())?;
        }
        if self.cluster_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clusterId", ToString::to_string(&self.cluster_id).as_str())?;
        }
        if self.leader != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("leader", ToString::to_string(&self.leader).as_str())?;
        }
        if !self.members.is_empty() {
            struct_ser.serialize_field("members", &self.members)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ServerInfo {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "version",
            "durability",
            "locks",
            "sessions",
            "holds",
            "waiters",
            "revision",
            "last_token",
            "lastToken",
            "node_id",
            "nodeId",
            "cluster_id",
            "clusterId",
            "leader",
            "members",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Version,
            Durability,
            Locks,
            Sessions,
            Holds,
            Waiters,
            Revision,
            LastToken,
            NodeId,
            ClusterId,
            Leader,
            Members,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "version" => Ok(GeneratedField::Version),
                            "durability" => Ok(GeneratedField::Durability),
                            "locks" => Ok(GeneratedField::Locks),
                            "sessions" => Ok(GeneratedField::Sessions),
                            "holds" => Ok(GeneratedField::Holds),
                            "waiters" => Ok(GeneratedField::Waiters),
                            "revision" => Ok(GeneratedField::Revision),
                            "lastToken" | "last_token" => Ok(GeneratedField::LastToken),
                            "nodeId" | "node_id" => Ok(GeneratedField::NodeId),
                            "clusterId" | "cluster_id" => Ok(GeneratedField::ClusterId),
                            "leader" => Ok(GeneratedField::Leader),
                            "members" => Ok(GeneratedField::Members),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ServerInfo;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ServerInfo")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ServerInfo, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut version__ = None;
                let mut durability__ = None;
                let mut locks__ = None;
                let mut sessions__ = None;
                let mut holds__ = None;
                let mut waiters__ = None;
                let mut revision__ = None;
                let mut last_token__ = None;
                let mut node_id__ = None;
                let mut cluster_id__ = None;
                let mut leader__ = None;
                let mut members__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Version => {
                            if version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("version"));
                            }
                            version__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Durability => {
                            if durability__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durability"));
                            }
                            durability__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Locks => {
                            if locks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("locks"));
                            }
                            locks__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Sessions => {
                            if sessions__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessions"));
                            }
                            sessions__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Holds => {
                            if holds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holds"));
                            }
                            holds__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Waiters => {
                            if waiters__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waiters"));
                            }
                            waiters__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::LastToken => {
                            if last_token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lastToken"));
                            }
                            last_token__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::NodeId => {
                            if node_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeId"));
                            }
                            node_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ClusterId => {
                            if cluster_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterId"));
                            }
                            cluster_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Leader => {
                            if leader__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leader"));
                            }
                            leader__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Members => {
                            if members__.is_some() {
                                return Err(serde::de::Error::duplicate_field("members"));
                            }
                            members__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ServerInfo {
                    version: version__.unwrap_or_default(),
                    durability: durability__.unwrap_or_default(),
                    locks: locks__.unwrap_or_default(),
                    sessions: sessions__.unwrap_or_default(),
                    holds: holds__.unwrap_or_default(),
                    waiters: waiters__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                    last_token: last_token__.unwrap_or_default(),
                    node_id: node_id__.unwrap_or_default(),
                    cluster_id: cluster_id__.unwrap_or_default(),
                    leader: leader__.unwrap_or_default(),
                    members: members__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ServerInfo", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Session {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.id != 0 {
            len += 1;
        }
        if self.owner.is_some() {
            len += 1;
        }
        if self.ttl_ms != 0 {
            len += 1;
        }
        if self.opened_at_ms != 0 {
            len += 1;
        }
        if self.deadline_ms != 0 {
            len += 1;
        }
        if self.holds != 0 {
            len += 1;
        }
        if self.waits != 0 {
            len += 1;
        }
        if self.on_disconnect != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Session", len)?;
        if self.id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("id", ToString::to_string(&self.id).as_str())?;
        }
        if let Some(v) = self.owner.as_ref() {
            struct_ser.serialize_field("owner", v)?;
        }
        if self.ttl_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ttlMs", ToString::to_string(&self.ttl_ms).as_str())?;
        }
        if self.opened_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("openedAtMs", ToString::to_string(&self.opened_at_ms).as_str())?;
        }
        if self.deadline_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&self.deadline_ms).as_str())?;
        }
        if self.holds != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("holds", ToString::to_string(&self.holds).as_str())?;
        }
        if self.waits != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("waits", ToString::to_string(&self.waits).as_str())?;
        }
        if self.on_disconnect != 0 {
            let v = OnDisconnect::try_from(self.on_disconnect)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.on_disconnect)))?;
            struct_ser.serialize_field("onDisconnect", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Session {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "id",
            "owner",
            "ttl_ms",
            "ttlMs",
            "opened_at_ms",
            "openedAtMs",
            "deadline_ms",
            "deadlineMs",
            "holds",
            "waits",
            "on_disconnect",
            "onDisconnect",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Id,
            Owner,
            TtlMs,
            OpenedAtMs,
            DeadlineMs,
            Holds,
            Waits,
            OnDisconnect,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "id" => Ok(GeneratedField::Id),
                            "owner" => Ok(GeneratedField::Owner),
                            "ttlMs" | "ttl_ms" => Ok(GeneratedField::TtlMs),
                            "openedAtMs" | "opened_at_ms" => Ok(GeneratedField::OpenedAtMs),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "holds" => Ok(GeneratedField::Holds),
                            "waits" => Ok(GeneratedField::Waits),
                            "onDisconnect" | "on_disconnect" => Ok(GeneratedField::OnDisconnect),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Session;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Session")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Session, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut id__ = None;
                let mut owner__ = None;
                let mut ttl_ms__ = None;
                let mut opened_at_ms__ = None;
                let mut deadline_ms__ = None;
                let mut holds__ = None;
                let mut waits__ = None;
                let mut on_disconnect__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Owner => {
                            if owner__.is_some() {
                                return Err(serde::de::Error::duplicate_field("owner"));
                            }
                            owner__ = map_.next_value()?;
                        }
                        GeneratedField::TtlMs => {
                            if ttl_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ttlMs"));
                            }
                            ttl_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::OpenedAtMs => {
                            if opened_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("openedAtMs"));
                            }
                            opened_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Holds => {
                            if holds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holds"));
                            }
                            holds__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Waits => {
                            if waits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("waits"));
                            }
                            waits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::OnDisconnect => {
                            if on_disconnect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("onDisconnect"));
                            }
                            on_disconnect__ = Some(map_.next_value::<OnDisconnect>()? as i32);
                        }
                    }
                }
                Ok(Session {
                    id: id__.unwrap_or_default(),
                    owner: owner__,
                    ttl_ms: ttl_ms__.unwrap_or_default(),
                    opened_at_ms: opened_at_ms__.unwrap_or_default(),
                    deadline_ms: deadline_ms__.unwrap_or_default(),
                    holds: holds__.unwrap_or_default(),
                    waits: waits__.unwrap_or_default(),
                    on_disconnect: on_disconnect__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Session", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SessionAttached {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.ttl_ms != 0 {
            len += 1;
        }
        if self.deadline_ms != 0 {
            len += 1;
        }
        if !self.holds.is_empty() {
            len += 1;
        }
        if self.more {
            len += 1;
        }
        if !self.ended.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SessionAttached", len)?;
        if self.ttl_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ttlMs", ToString::to_string(&self.ttl_ms).as_str())?;
        }
        if self.deadline_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&self.deadline_ms).as_str())?;
        }
        if !self.holds.is_empty() {
            struct_ser.serialize_field("holds", &self.holds)?;
        }
        if self.more {
            struct_ser.serialize_field("more", &self.more)?;
        }
        if !self.ended.is_empty() {
            struct_ser.serialize_field("ended", &self.ended)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SessionAttached {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ttl_ms",
            "ttlMs",
            "deadline_ms",
            "deadlineMs",
            "holds",
            "more",
            "ended",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            TtlMs,
            DeadlineMs,
            Holds,
            More,
            Ended,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "ttlMs" | "ttl_ms" => Ok(GeneratedField::TtlMs),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "holds" => Ok(GeneratedField::Holds),
                            "more" => Ok(GeneratedField::More),
                            "ended" => Ok(GeneratedField::Ended),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SessionAttached;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SessionAttached")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SessionAttached, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut ttl_ms__ = None;
                let mut deadline_ms__ = None;
                let mut holds__ = None;
                let mut more__ = None;
                let mut ended__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::TtlMs => {
                            if ttl_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ttlMs"));
                            }
                            ttl_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Holds => {
                            if holds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holds"));
                            }
                            holds__ = Some(map_.next_value()?);
                        }
                        GeneratedField::More => {
                            if more__.is_some() {
                                return Err(serde::de::Error::duplicate_field("more"));
                            }
                            more__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Ended => {
                            if ended__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ended"));
                            }
                            ended__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(SessionAttached {
                    ttl_ms: ttl_ms__.unwrap_or_default(),
                    deadline_ms: deadline_ms__.unwrap_or_default(),
                    holds: holds__.unwrap_or_default(),
                    more: more__.unwrap_or_default(),
                    ended: ended__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SessionAttached", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SessionClosed {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.holds != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SessionClosed", len)?;
        if self.holds != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("holds", ToString::to_string(&self.holds).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SessionClosed {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "holds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Holds,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "holds" => Ok(GeneratedField::Holds),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SessionClosed;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SessionClosed")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SessionClosed, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut holds__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Holds => {
                            if holds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holds"));
                            }
                            holds__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(SessionClosed {
                    holds: holds__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SessionClosed", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SessionEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session != 0 {
            len += 1;
        }
        if self.end.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SessionEnded", len)?;
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if let Some(v) = self.end.as_ref() {
            struct_ser.serialize_field("end", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SessionEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "end",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            End,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "end" => Ok(GeneratedField::End),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SessionEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SessionEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SessionEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::End => {
                            if end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("end"));
                            }
                            end__ = map_.next_value()?;
                        }
                    }
                }
                Ok(SessionEnded {
                    session: session__.unwrap_or_default(),
                    end: end__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SessionEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SessionList {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.sessions.is_empty() {
            len += 1;
        }
        if self.more {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SessionList", len)?;
        if !self.sessions.is_empty() {
            struct_ser.serialize_field("sessions", &self.sessions)?;
        }
        if self.more {
            struct_ser.serialize_field("more", &self.more)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SessionList {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "sessions",
            "more",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Sessions,
            More,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sessions" => Ok(GeneratedField::Sessions),
                            "more" => Ok(GeneratedField::More),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SessionList;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SessionList")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SessionList, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut sessions__ = None;
                let mut more__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Sessions => {
                            if sessions__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessions"));
                            }
                            sessions__ = Some(map_.next_value()?);
                        }
                        GeneratedField::More => {
                            if more__.is_some() {
                                return Err(serde::de::Error::duplicate_field("more"));
                            }
                            more__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(SessionList {
                    sessions: sessions__.unwrap_or_default(),
                    more: more__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SessionList", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SessionOpened {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session.is_some() {
            len += 1;
        }
        if self.deadline_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SessionOpened", len)?;
        if let Some(v) = self.session.as_ref() {
            struct_ser.serialize_field("session", v)?;
        }
        if self.deadline_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&self.deadline_ms).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SessionOpened {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "deadline_ms",
            "deadlineMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            DeadlineMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SessionOpened;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SessionOpened")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SessionOpened, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut deadline_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = map_.next_value()?;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(SessionOpened {
                    session: session__,
                    deadline_ms: deadline_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SessionOpened", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetValue {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.hold.is_some() {
            len += 1;
        }
        if self.value.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.SetValue", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        if let Some(v) = self.value.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("value", pbjson::private::base64::encode(&v).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetValue {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "hold",
            "value",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Hold,
            Value,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "hold" => Ok(GeneratedField::Hold),
                            "value" => Ok(GeneratedField::Value),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetValue;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.SetValue")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetValue, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut hold__ = None;
                let mut value__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                        GeneratedField::Value => {
                            if value__.is_some() {
                                return Err(serde::de::Error::duplicate_field("value"));
                            }
                            value__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(SetValue {
                    request: request__,
                    hold: hold__,
                    value: value__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.SetValue", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Staleness {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.revision != 0 {
            len += 1;
        }
        if self.age_ms != 0 {
            len += 1;
        }
        if self.no_leader_yet {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Staleness", len)?;
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        if self.age_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("ageMs", ToString::to_string(&self.age_ms).as_str())?;
        }
        if self.no_leader_yet {
            struct_ser.serialize_field("noLeaderYet", &self.no_leader_yet)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Staleness {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "revision",
            "age_ms",
            "ageMs",
            "no_leader_yet",
            "noLeaderYet",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Revision,
            AgeMs,
            NoLeaderYet,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "revision" => Ok(GeneratedField::Revision),
                            "ageMs" | "age_ms" => Ok(GeneratedField::AgeMs),
                            "noLeaderYet" | "no_leader_yet" => Ok(GeneratedField::NoLeaderYet),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Staleness;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Staleness")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Staleness, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut revision__ = None;
                let mut age_ms__ = None;
                let mut no_leader_yet__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::AgeMs => {
                            if age_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ageMs"));
                            }
                            age_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::NoLeaderYet => {
                            if no_leader_yet__.is_some() {
                                return Err(serde::de::Error::duplicate_field("noLeaderYet"));
                            }
                            no_leader_yet__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Staleness {
                    revision: revision__.unwrap_or_default(),
                    age_ms: age_ms__.unwrap_or_default(),
                    no_leader_yet: no_leader_yet__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Staleness", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Terms {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.lock_delay_ms != 0 {
            len += 1;
        }
        if self.min_hold_ms != 0 {
            len += 1;
        }
        if self.max_hold_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Terms", len)?;
        if self.lock_delay_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("lockDelayMs", ToString::to_string(&self.lock_delay_ms).as_str())?;
        }
        if self.min_hold_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("minHoldMs", ToString::to_string(&self.min_hold_ms).as_str())?;
        }
        if self.max_hold_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("maxHoldMs", ToString::to_string(&self.max_hold_ms).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Terms {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "lock_delay_ms",
            "lockDelayMs",
            "min_hold_ms",
            "minHoldMs",
            "max_hold_ms",
            "maxHoldMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            LockDelayMs,
            MinHoldMs,
            MaxHoldMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "lockDelayMs" | "lock_delay_ms" => Ok(GeneratedField::LockDelayMs),
                            "minHoldMs" | "min_hold_ms" => Ok(GeneratedField::MinHoldMs),
                            "maxHoldMs" | "max_hold_ms" => Ok(GeneratedField::MaxHoldMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Terms;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Terms")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Terms, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut lock_delay_ms__ = None;
                let mut min_hold_ms__ = None;
                let mut max_hold_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::LockDelayMs => {
                            if lock_delay_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lockDelayMs"));
                            }
                            lock_delay_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MinHoldMs => {
                            if min_hold_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("minHoldMs"));
                            }
                            min_hold_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MaxHoldMs => {
                            if max_hold_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxHoldMs"));
                            }
                            max_hold_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Terms {
                    lock_delay_ms: lock_delay_ms__.unwrap_or_default(),
                    min_hold_ms: min_hold_ms__.unwrap_or_default(),
                    max_hold_ms: max_hold_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Terms", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Unwatch {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.watch_id != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Unwatch", len)?;
        if self.watch_id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("watchId", ToString::to_string(&self.watch_id).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Unwatch {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "watch_id",
            "watchId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            WatchId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "watchId" | "watch_id" => Ok(GeneratedField::WatchId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Unwatch;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Unwatch")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Unwatch, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut watch_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::WatchId => {
                            if watch_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("watchId"));
                            }
                            watch_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Unwatch {
                    watch_id: watch_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Unwatch", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Upgrade {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.request.is_some() {
            len += 1;
        }
        if self.hold.is_some() {
            len += 1;
        }
        if self.wait.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Upgrade", len)?;
        if let Some(v) = self.request.as_ref() {
            struct_ser.serialize_field("request", v)?;
        }
        if let Some(v) = self.hold.as_ref() {
            struct_ser.serialize_field("hold", v)?;
        }
        if let Some(v) = self.wait.as_ref() {
            struct_ser.serialize_field("wait", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Upgrade {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "request",
            "hold",
            "wait",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Request,
            Hold,
            Wait,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "request" => Ok(GeneratedField::Request),
                            "hold" => Ok(GeneratedField::Hold),
                            "wait" => Ok(GeneratedField::Wait),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Upgrade;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Upgrade")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Upgrade, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut request__ = None;
                let mut hold__ = None;
                let mut wait__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Request => {
                            if request__.is_some() {
                                return Err(serde::de::Error::duplicate_field("request"));
                            }
                            request__ = map_.next_value()?;
                        }
                        GeneratedField::Hold => {
                            if hold__.is_some() {
                                return Err(serde::de::Error::duplicate_field("hold"));
                            }
                            hold__ = map_.next_value()?;
                        }
                        GeneratedField::Wait => {
                            if wait__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wait"));
                            }
                            wait__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Upgrade {
                    request: request__,
                    hold: hold__,
                    wait: wait__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Upgrade", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ValueSet {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("bramah.v1.ValueSet", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ValueSet {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ValueSet;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.ValueSet")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ValueSet, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(ValueSet {
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.ValueSet", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Verdict {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.held {
            len += 1;
        }
        if self.newest_token.is_some() {
            len += 1;
        }
        if self.end.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Verdict", len)?;
        if self.held {
            struct_ser.serialize_field("held", &self.held)?;
        }
        if let Some(v) = self.newest_token.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("newestToken", ToString::to_string(&v).as_str())?;
        }
        if let Some(v) = self.end.as_ref() {
            struct_ser.serialize_field("end", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Verdict {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "held",
            "newest_token",
            "newestToken",
            "end",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Held,
            NewestToken,
            End,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "held" => Ok(GeneratedField::Held),
                            "newestToken" | "newest_token" => Ok(GeneratedField::NewestToken),
                            "end" => Ok(GeneratedField::End),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Verdict;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Verdict")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Verdict, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut held__ = None;
                let mut newest_token__ = None;
                let mut end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Held => {
                            if held__.is_some() {
                                return Err(serde::de::Error::duplicate_field("held"));
                            }
                            held__ = Some(map_.next_value()?);
                        }
                        GeneratedField::NewestToken => {
                            if newest_token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("newestToken"));
                            }
                            newest_token__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::End => {
                            if end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("end"));
                            }
                            end__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Verdict {
                    held: held__.unwrap_or_default(),
                    newest_token: newest_token__,
                    end: end__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Verdict", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Verify {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.token != 0 {
            len += 1;
        }
        if self.stale {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Verify", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.token != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("token", ToString::to_string(&self.token).as_str())?;
        }
        if self.stale {
            struct_ser.serialize_field("stale", &self.stale)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Verify {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "token",
            "stale",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Token,
            Stale,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "token" => Ok(GeneratedField::Token),
                            "stale" => Ok(GeneratedField::Stale),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Verify;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Verify")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Verify, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut token__ = None;
                let mut stale__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Token => {
                            if token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("token"));
                            }
                            token__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Stale => {
                            if stale__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stale"));
                            }
                            stale__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Verify {
                    name: name__.unwrap_or_default(),
                    token: token__.unwrap_or_default(),
                    stale: stale__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Verify", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Wait {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.how.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Wait", len)?;
        if let Some(v) = self.how.as_ref() {
            match v {
                wait::How::Try(v) => {
                    struct_ser.serialize_field("try", v)?;
                }
                wait::How::ForMs(v) => {
                    #[allow(clippy::needless_borrow)]
                    #[allow(clippy::needless_borrows_for_generic_args)]
                    struct_ser.serialize_field("forMs", ToString::to_string(&v).as_str())?;
                }
                wait::How::Forever(v) => {
                    struct_ser.serialize_field("forever", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Wait {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "try",
            "for_ms",
            "forMs",
            "forever",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Try,
            ForMs,
            Forever,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "try" => Ok(GeneratedField::Try),
                            "forMs" | "for_ms" => Ok(GeneratedField::ForMs),
                            "forever" => Ok(GeneratedField::Forever),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Wait;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Wait")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Wait, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut how__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Try => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("try"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait::How::Try);
                        }
                        GeneratedField::ForMs => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("forMs"));
                            }
                            how__ = map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| wait::How::ForMs(x.0));
                        }
                        GeneratedField::Forever => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("forever"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait::How::Forever);
                        }
                    }
                }
                Ok(Wait {
                    how: how__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Wait", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for WaitEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.session != 0 {
            len += 1;
        }
        if self.seq != 0 {
            len += 1;
        }
        if self.how.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.WaitEnded", len)?;
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if self.seq != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("seq", ToString::to_string(&self.seq).as_str())?;
        }
        if let Some(v) = self.how.as_ref() {
            match v {
                wait_ended::How::TimedOut(v) => {
                    struct_ser.serialize_field("timedOut", v)?;
                }
                wait_ended::How::Cancelled(v) => {
                    struct_ser.serialize_field("cancelled", v)?;
                }
                wait_ended::How::SessionEnded(v) => {
                    struct_ser.serialize_field("sessionEnded", v)?;
                }
                wait_ended::How::HoldEnded(v) => {
                    struct_ser.serialize_field("holdEnded", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for WaitEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "session",
            "seq",
            "timed_out",
            "timedOut",
            "cancelled",
            "session_ended",
            "sessionEnded",
            "hold_ended",
            "holdEnded",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Session,
            Seq,
            TimedOut,
            Cancelled,
            SessionEnded,
            HoldEnded,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "session" => Ok(GeneratedField::Session),
                            "seq" => Ok(GeneratedField::Seq),
                            "timedOut" | "timed_out" => Ok(GeneratedField::TimedOut),
                            "cancelled" => Ok(GeneratedField::Cancelled),
                            "sessionEnded" | "session_ended" => Ok(GeneratedField::SessionEnded),
                            "holdEnded" | "hold_ended" => Ok(GeneratedField::HoldEnded),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = WaitEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.WaitEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<WaitEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut session__ = None;
                let mut seq__ = None;
                let mut how__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Seq => {
                            if seq__.is_some() {
                                return Err(serde::de::Error::duplicate_field("seq"));
                            }
                            seq__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::TimedOut => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("timedOut"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait_ended::How::TimedOut)
;
                        }
                        GeneratedField::Cancelled => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cancelled"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait_ended::How::Cancelled);
                        }
                        GeneratedField::SessionEnded => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionEnded"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait_ended::How::SessionEnded);
                        }
                        GeneratedField::HoldEnded => {
                            if how__.is_some() {
                                return Err(serde::de::Error::duplicate_field("holdEnded"));
                            }
                            how__ = map_.next_value::<::std::option::Option<_>>()?.map(wait_ended::How::HoldEnded);
                        }
                    }
                }
                Ok(WaitEnded {
                    session: session__.unwrap_or_default(),
                    seq: seq__.unwrap_or_default(),
                    how: how__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.WaitEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Waiter {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.position != 0 {
            len += 1;
        }
        if self.session != 0 {
            len += 1;
        }
        if self.owner.is_some() {
            len += 1;
        }
        if self.mode != 0 {
            len += 1;
        }
        if self.permits != 0 {
            len += 1;
        }
        if self.priority != 0 {
            len += 1;
        }
        if self.queued_at_ms != 0 {
            len += 1;
        }
        if self.deadline_ms.is_some() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Waiter", len)?;
        if self.position != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("position", ToString::to_string(&self.position).as_str())?;
        }
        if self.session != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("session", ToString::to_string(&self.session).as_str())?;
        }
        if let Some(v) = self.owner.as_ref() {
            struct_ser.serialize_field("owner", v)?;
        }
        if self.mode != 0 {
            let v = Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.permits != 0 {
            struct_ser.serialize_field("permits", &self.permits)?;
        }
        if self.priority != 0 {
            struct_ser.serialize_field("priority", &self.priority)?;
        }
        if self.queued_at_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("queuedAtMs", ToString::to_string(&self.queued_at_ms).as_str())?;
        }
        if let Some(v) = self.deadline_ms.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("deadlineMs", ToString::to_string(&v).as_str())?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Waiter {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "position",
            "session",
            "owner",
            "mode",
            "permits",
            "priority",
            "queued_at_ms",
            "queuedAtMs",
            "deadline_ms",
            "deadlineMs",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Position,
            Session,
            Owner,
            Mode,
            Permits,
            Priority,
            QueuedAtMs,
            DeadlineMs,
            Limit,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "position" => Ok(GeneratedField::Position),
                            "session" => Ok(GeneratedField::Session),
                            "owner" => Ok(GeneratedField::Owner),
                            "mode" => Ok(GeneratedField::Mode),
                            "permits" => Ok(GeneratedField::Permits),
                            "priority" => Ok(GeneratedField::Priority),
                            "queuedAtMs" | "queued_at_ms" => Ok(GeneratedField::QueuedAtMs),
                            "deadlineMs" | "deadline_ms" => Ok(GeneratedField::DeadlineMs),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Waiter;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Waiter")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Waiter, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut position__ = None;
                let mut session__ = None;
                let mut owner__ = None;
                let mut mode__ = None;
                let mut permits__ = None;
                let mut priority__ = None;
                let mut queued_at_ms__ = None;
                let mut deadline_ms__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Position => {
                            if position__.is_some() {
                                return Err(serde::de::Error::duplicate_field("position"));
                            }
                            position__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Session => {
                            if session__.is_some() {
                                return Err(serde::de::Error::duplicate_field("session"));
                            }
                            session__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Owner => {
                            if owner__.is_some() {
                                return Err(serde::de::Error::duplicate_field("owner"));
                            }
                            owner__ = map_.next_value()?;
                        }
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<Mode>()? as i32);
                        }
                        GeneratedField::Permits => {
                            if permits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("permits"));
                            }
                            permits__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Priority => {
                            if priority__.is_some() {
                                return Err(serde::de::Error::duplicate_field("priority"));
                            }
                            priority__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::QueuedAtMs => {
                            if queued_at_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("queuedAtMs"));
                            }
                            queued_at_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DeadlineMs => {
                            if deadline_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deadlineMs"));
                            }
                            deadline_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Waiter {
                    position: position__.unwrap_or_default(),
                    session: session__.unwrap_or_default(),
                    owner: owner__,
                    mode: mode__.unwrap_or_default(),
                    permits: permits__.unwrap_or_default(),
                    priority: priority__.unwrap_or_default(),
                    queued_at_ms: queued_at_ms__.unwrap_or_default(),
                    deadline_ms: deadline_ms__,
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Waiter", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Watch {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.which.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.Watch", len)?;
        if let Some(v) = self.which.as_ref() {
            match v {
                watch::Which::Name(v) => {
                    struct_ser.serialize_field("name", v)?;
                }
                watch::Which::Prefix(v) => {
                    struct_ser.serialize_field("prefix", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Watch {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "prefix",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Prefix,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "prefix" => Ok(GeneratedField::Prefix),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Watch;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.Watch")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Watch, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut which__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if which__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            which__ = map_.next_value::<::std::option::Option<_>>()?.map(watch::Which::Name);
                        }
                        GeneratedField::Prefix => {
                            if which__.is_some() {
                                return Err(serde::de::Error::duplicate_field("prefix"));
                            }
                            which__ = map_.next_value::<::std::option::Option<_>>()?.map(watch::Which::Prefix);
                        }
                    }
                }
                Ok(Watch {
                    which: which__,
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.Watch", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for WatchEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("bramah.v1.WatchEnded", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for WatchEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = WatchEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.WatchEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<WatchEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(WatchEnded {
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.WatchEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for WatchLagged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("bramah.v1.WatchLagged", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for WatchLagged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = WatchLagged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.WatchLagged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<WatchLagged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(WatchLagged {
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.WatchLagged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for WatchStarted {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.revision != 0 {
            len += 1;
        }
        if !self.locks.is_empty() {
            len += 1;
        }
        if self.more {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("bramah.v1.WatchStarted", len)?;
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        if !self.locks.is_empty() {
            struct_ser.serialize_field("locks", &self.locks)?;
        }
        if self.more {
            struct_ser.serialize_field("more", &self.more)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for WatchStarted {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "revision",
            "locks",
            "more",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Revision,
            Locks,
            More,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "revision" => Ok(GeneratedField::Revision),
                            "locks" => Ok(GeneratedField::Locks),
                            "more" => Ok(GeneratedField::More),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = WatchStarted;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct bramah.v1.WatchStarted")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<WatchStarted, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut revision__ = None;
                let mut locks__ = None;
                let mut more__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Locks => {
                            if locks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("locks"));
                            }
                            locks__ = Some(map_.next_value()?);
                        }
                        GeneratedField::More => {
                            if more__.is_some() {
                                return Err(serde::de::Error::duplicate_field("more"));
                            }
                            more__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(WatchStarted {
                    revision: revision__.unwrap_or_default(),
                    locks: locks__.unwrap_or_default(),
                    more: more__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("bramah.v1.WatchStarted", FIELDS, GeneratedVisitor)
    }
}
