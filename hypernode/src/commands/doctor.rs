//! `hypernode doctor`: what is wrong, and what to do.

use crate::cli::Status;
use crate::config;
use crate::datadir::DataDir;
use crate::doctor::{Finding, Verdict, accounts, dispatch, instance, machine, sources, warehouse};
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;
use crate::running::Running;

pub(crate) async fn run(args: &Status) -> Outcome {
    let settings = config::load(&args.common)?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let running = Running::find(&dir);
    let genesis = DataDir::binding_of(&dir)
        .ok()
        .flatten()
        .map(|binding| binding.genesis);
    let mut findings = machine::look(&settings, &dir, running.as_ref());
    for notice in &settings.notices {
        findings.push(Finding::note("settings", notice, "use the key's own name"));
    }
    findings.extend(warehouse::look(&settings, running.as_ref()).await);
    let looked = tokio::task::spawn_blocking({
        let dir = dir.clone();
        move || accounts::look(&dir)
    });
    findings.extend(looked.await.or_cannot_start("doctor")?);
    findings.push(dispatch::key(&dir));
    if let Some(running) = &running {
        findings.extend(instance::look(running).await);
    }
    findings.extend(sources::look(&settings, running.as_ref(), genesis.as_deref()).await);
    if args.json {
        say!("{}", serde_json::json!(findings));
    } else {
        print(&findings);
    }
    let wrong = findings
        .iter()
        .filter(|one| one.verdict == Verdict::Wrong)
        .count();
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::No("1 thing is wrong".to_owned())),
        count => Err(Failure::No(format!("{count} things are wrong"))),
    }
}

fn print(findings: &[Finding]) {
    for one in findings {
        let mark = match one.verdict {
            Verdict::Good => "ok   ",
            Verdict::Note => "note ",
            Verdict::Wrong => "WRONG",
        };
        say!("{mark} {:14} {}", one.area, one.seen);
        if let Some(fix) = &one.fix {
            say!("{:20} {fix}", "");
        }
    }
}
