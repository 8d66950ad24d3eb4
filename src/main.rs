//! The `tidegate` command.

use std::process::ExitCode;

use tidegate::cmdline::{self, Exit};
use tidegate::syntax::Env;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let exit = match cmdline::parse(&args) {
        Ok(invocation) => run(&invocation),
        Err(exit) => exit,
    };
    print!("{}", exit.out);
    eprint!("{}", exit.err);
    ExitCode::from(exit.code)
}

fn run(invocation: &cmdline::Invocation) -> Exit {
    let say = |out| Exit {
        code: 0,
        out,
        err: String::new(),
    };
    match (invocation.version, &invocation.condition) {
        (0, None) => Exit::alert(1, "running a configuration is not available yet"),
        (0, Some(condition)) => {
            cmdline::check_condition(condition, &Env::from_process(), &invocation.enabled())
        }
        (1, _) => say(cmdline::banner()),
        _ => say(cmdline::details()),
    }
}
