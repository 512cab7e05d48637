//! The benchmark measures something.

use crate::harness::{Server, on, run};

#[test]
fn both_kinds_of_run_are_measured() {
    let (server, _dir) = Server::start();
    let reports = server.json("bench --clients 1,3 --seconds 200ms");
    let reports = reports.as_array().unwrap();
    let runs: Vec<(&str, u64)> = reports
        .iter()
        .map(|report| (report["mode"].as_str().unwrap(), report["clients"].as_u64().unwrap()))
        .collect();
    assert_eq!(runs, [("own", 1), ("own", 3), ("hot", 1), ("hot", 3)]);
    for report in reports {
        let number = |field: &str| report[field].as_f64().unwrap();
        assert!(number("cycles") >= 1.0 && number("cycles_per_s") >= 1.0, "{report}");
        assert!(number("elapsed_ms") >= 200.0, "{report}");
        let times = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"].map(number);
        assert!(times[0] > 0.0 && times.is_sorted(), "{report}");
    }
    let table = server.run("bench --clients 2 --seconds 100ms --mode own").stdout;
    assert_eq!(table.lines().count(), 3, "{table}");
    assert_eq!(server.json("ls bramah-bench/"), serde_json::json!([]));
}

#[test]
fn a_service_that_never_makes_one_wait_is_measured_as_well() {
    let dir = tempfile::TempDir::new().unwrap();
    let url = format!("local:{}", dir.path().display());
    let output = run(on(&url, "bench --clients 1,2 --seconds 100ms"));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    assert_eq!(output.stdout.lines().count(), 6, "{output:?}");
}

#[test]
fn a_bench_can_hold_other_locks_meanwhile_and_gives_them_back() {
    let (server, _dir) = Server::start();
    let reports = server.json("bench --held 6000 --clients 1 --seconds 100ms --mode own");
    let cycles = reports[0]["cycles"].as_u64().unwrap();
    let next = server.json("acquire after")["token"].as_u64().unwrap();
    assert_eq!(next, 6000 + cycles + 1, "each grant has a token");
    assert_eq!(server.json("ls bramah-bench/"), serde_json::json!([]));
}

#[test]
fn clients_of_a_bench_share_as_many_connections_as_it_is_told() {
    let (server, _dir) = Server::start();
    let reports = server.json("bench --clients 1,6 --connections 2 --seconds 100ms");
    let reports = reports.as_array().unwrap();
    let number = |report: &serde_json::Value, field: &str| report[field].as_u64().unwrap();
    let runs: Vec<(u64, u64)> =
        reports.iter().map(|it| (number(it, "clients"), number(it, "connections"))).collect();
    assert_eq!(runs, [(1, 1), (6, 2), (1, 1), (6, 2)]);
    assert!(reports.iter().all(|report| number(report, "cycles") > 0), "{reports:?}");
}
