//! What a run comes to.

use std::time::Duration;

use serde::Serialize;

use super::run::{Contention, Load, Measured};
use crate::output::Table;

/// An element of `bench --json`.
#[derive(Serialize)]
pub(crate) struct Report {
    /// `own`: a lock for each client; times are of cycles, acquire and release. `hot`: one lock for
    /// all, cycles are hand-overs; times are from asking for the lock to having it.
    mode: &'static str,
    clients: u32,
    connections: u32,
    elapsed_ms: u64,
    cycles: u64,
    cycles_per_s: f64,
    p50_us: f64,
    p90_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
}

impl Report {
    pub(crate) fn new(load: Load, measured: &Measured) -> Report {
        let Load { contention, clients, connections } = load;
        let Measured { times, elapsed } = measured;
        let us = |share| micros(times.quantile(share));
        Report {
            mode: if contention == Contention::Own { "own" } else { "hot" },
            clients,
            connections,
            elapsed_ms: crate::output::json::ms(*elapsed),
            cycles: times.total(),
            cycles_per_s: per_second(times.total(), *elapsed).round(),
            p50_us: us(0.5),
            p90_us: us(0.9),
            p99_us: us(0.99),
            p999_us: us(0.999),
            max_us: micros(times.max()),
        }
    }
}

/// The reports below each other.
pub(crate) fn table(reports: &[Report]) -> Table<8> {
    let mut table =
        Table::new(["LOCKS", "CLIENTS", "CYCLES/S", "P50", "P90", "P99", "P99.9", "MAX"]);
    for report in reports {
        table.push([
            &report.mode,
            &report.clients,
            &format_args!("{:.0}", report.cycles_per_s),
            &format_args!("{:.0}", report.p50_us),
            &format_args!("{:.0}", report.p90_us),
            &format_args!("{:.0}", report.p99_us),
            &format_args!("{:.0}", report.p999_us),
            &format_args!("{:.0}", report.max_us),
        ]);
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "2^53 cycles are never counted")]
pub(crate) fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(1e-9)
}

/// To a tenth.
fn micros(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 10.0
}
