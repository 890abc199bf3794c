//! What `--help` says.

use crate::program::baohan;

/// All commands there are, found by asking each for its own.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        for inner in listed(&help(&command)) {
            found.push([command.clone(), vec![inner]].concat());
        }
        next += 1;
    }
    found
}

fn help(command: &[String]) -> String {
    let mut arguments = command.to_vec();
    arguments.push("--help".to_owned());
    baohan(&arguments).succeeded()
}

/// The names under `Commands:`, without `help` itself.
fn listed(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list = list.take_while(|line| !line.is_empty());
    // Names stand two blanks in; deeper lines go on with a description.
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

/// Entries of a help text (arguments, options, commands) that nothing is said about.
fn unexplained(help: &str) -> Vec<&str> {
    let lines: Vec<&str> = help.lines().collect();
    let is_entry = |line: &str| {
        let text = line.trim_start();
        matches!(line.len() - text.len(), 2 | 6) && text.starts_with(['-', '<', '['])
    };
    let told_behind = |line: &str| line.trim().contains("  ");
    let told_below = |index: usize| lines.get(index + 1).is_some_and(|line| line.starts_with("          "));
    let usage = |line: &str| line.starts_with("Usage:");
    let entries = lines.iter().enumerate().filter(|(_, line)| is_entry(line) && !usage(line));
    entries.filter(|(index, line)| !told_behind(line) && !told_below(*index)).map(|(_, line)| *line).collect()
}

#[test]
fn every_command_says_how_it_is_used_and_explains_each_option() {
    let commands = commands();
    let names: Vec<String> = commands.iter().map(|command| command.join(" ")).collect();
    for name in
        ["serve", "demo", "sandbox", "check", "render", "verify", "keys generate demo", "decide claim"]
    {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let mut faults = Vec::new();
    for command in &commands {
        let (name, help) = (command.join(" "), help(command));
        let first = help.lines().next().unwrap_or_default();
        if first.is_empty() || first.starts_with("Usage") {
            faults.push(format!("`{name}` says nothing about itself"));
        }
        if help.lines().take_while(|line| !line.is_empty()).count() > 2 {
            faults.push(format!("`{name}` says more than two lines in the list of commands"));
        }
        if !help.contains(&format!("Usage: baohan {name}").trim_end().to_owned())
            && !help.contains("Usage: baohan decide")
        {
            faults.push(format!("`{name}` shows no usage: {help}"));
        }
        faults.extend(unexplained(&help).iter().map(|entry| format!("`{name}` does not explain `{entry}`")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_option_without_a_word_about_it_is_found() {
    let text = "Usage: x\n\nOptions:\n      --a <A>    \n  -b         does b\n      --c\n          does c\n      --d\n\n  -h, --help\n";
    assert_eq!(unexplained(text), ["      --a <A>    ", "      --d", "  -h, --help"]);
}

#[test]
fn without_a_command_it_shows_the_commands_and_a_wrong_one_is_refused() {
    let none = baohan::<&str>(&[]);
    assert!(none.code == 2 && none.complaint.contains("Usage: baohan"), "{none:?}");
    let wrong = baohan(&["serv"]);
    assert!(wrong.code == 2 && wrong.complaint.contains("'serve'"), "{wrong:?}");
    assert!(baohan(&["--version"]).succeeded().starts_with("baohan "));
}
