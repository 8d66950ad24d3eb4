//! The `tidegate` command.

use std::process::ExitCode;
use std::sync::Arc;

use tidegate::cmdline::{self, Exit, Invocation, report};
use tidegate::diag::has_alert;
use tidegate::plan;
use tidegate::state::State;
use tidegate::syntax::Env;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let exit = match cmdline::parse(&args) {
        Ok(invocation) => run(&invocation).unwrap_or_else(|exit| exit),
        Err(exit) => exit,
    };
    print!("{}", exit.out);
    eprint!("{}", exit.err);
    ExitCode::from(exit.code)
}

fn run(invocation: &Invocation) -> Result<Exit, Exit> {
    let say = |out| Exit {
        code: 0,
        out,
        err: String::new(),
    };
    match (invocation.version, &invocation.condition) {
        (0, None) => {}
        (0, Some(condition)) => {
            let env = Env::from_process();
            return Ok(cmdline::check_condition(
                condition,
                &env,
                &invocation.enabled(),
            ));
        }
        (1, _) => return Ok(say(cmdline::banner())),
        _ => return Ok(say(cmdline::details())),
    }
    if let Some(directory) = &invocation.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or_default();
        let text = format!(
            "Could not change to directory {} : {why}",
            directory.display()
        );
        return Err(Exit::alert(1, &text));
    }
    let mut loaded = cmdline::load(invocation, Env::from_process())?;
    if !has_alert(&loaded.diagnostics) {
        let state = Arc::new(State::default());
        let (_plan, mut problems) = plan::link(&loaded.config, &state, None);
        loaded.diagnostics.append(&mut problems);
    }
    report::judge(invocation, &loaded)?;
    Err(Exit::alert(
        1,
        "running a configuration is not available yet",
    ))
}
