//! `bramah bench`: how many lock cycles a service does in a second, and how long they take.

mod held;
mod histogram;
mod report;
mod run;

use std::io::IsTerminal;

use bramah::Span;

use crate::args::{BenchArgs, BenchMode};
use crate::exit::{Exit, Failure};
use crate::output::{self, Array};
use held::Held;
use report::{Report, table};
use run::{Contention, Load};

pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<Exit> {
    let contentions: &[Contention] = match args.mode {
        BenchMode::Own => &[Contention::Own],
        BenchMode::Hot => &[Contention::Hot],
        BenchMode::Both => &[Contention::Own, Contention::Hot],
    };
    if args.seconds.is_zero() {
        return Err(Failure::usage("could not measure for no time: say --seconds 5").into());
    }
    let shows_progress = std::io::stderr().is_terminal();
    let service = &args.plain.service;
    let held = Held::acquire(service, args.held, shows_progress).await?;
    let mut reports = Vec::new();
    for contention in contentions {
        for clients in &args.clients {
            let connections = args.connections.unwrap_or(*clients).min(*clients);
            let load = Load { contention: *contention, clients: *clients, connections };
            let measured = run::run(service, load, args.seconds, shows_progress).await?;
            reports.push(Report::new(load, &measured));
        }
    }
    held.release().await?;
    if args.plain.json {
        let mut array = Array::begin();
        for report in &reports {
            array.push(report)?;
        }
        array.end()?;
    } else {
        let url = &args.plain.service.on;
        output::line(format_args!("{url}, {} each; times in microseconds", Span(args.seconds)))?;
        output::line(table(&reports))?;
    }
    Ok(Exit::OK)
}
