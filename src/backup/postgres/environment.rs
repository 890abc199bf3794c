//! The address of a server as the variables that PostgreSQL's programs read.

use anyhow::{Context as _, bail};
use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// Parameters of an address and the variables that stand for them.
const VARIABLES: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("service", "PGSERVICE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("sslmode", "PGSSLMODE"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslsni", "PGSSLSNI"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("require_auth", "PGREQUIREAUTH"),
    ("gssencmode", "PGGSSENCMODE"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
];

/// Parameters without a variable, which a copy does well without.
const DISPENSABLE: &[&str] = &[
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "client_encoding",
    "fallback_application_name",
];

/// How a program reaches a database.
#[derive(Debug, PartialEq, Eq)]
pub struct Environment {
    /// Names of variables with their values, some of which are secret.
    pub variables: Vec<(&'static str, Secret)>,
    pub database: String,
}

impl Environment {
    /// Reads `postgres://user:password@host:port,host:port/database?name=value&…`.
    ///
    /// # Errors
    /// When the address has no database, or a parameter that can't be passed on; never says a secret.
    pub fn of(url: &Secret) -> anyhow::Result<Self> {
        let url = url.expose();
        let rest = url.split_once("://").context("store.url: expected the address of a server")?.1;
        let (main, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = main.split_once('/').unwrap_or((main, ""));
        let (account, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        let (hosts, ports): (Vec<_>, Vec<_>) = hosts.split(',').map(host_and_port).unzip();
        let port_is_given = ports.iter().any(|port| !port.is_empty());
        let ports = if port_is_given { ports.join(",") } else { String::new() };
        let mut given = vec![
            ("host", decoded(&hosts.join(","))?),
            ("port", ports),
            ("user", decoded(user)?),
            ("password", decoded(password)?),
            ("dbname", decoded(database)?),
        ];
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            given.push((name, decoded(value)?));
        }
        given.retain(|(_, value)| !value.is_empty());
        // What stands behind the question mark comes later, and counts.
        let database = given.iter().rfind(|(name, _)| *name == "dbname").map(|(_, value)| value.clone());
        let mut variables = Vec::new();
        for (name, value) in given {
            match VARIABLES.iter().find(|(parameter, _)| *parameter == name) {
                Some((_, variable)) => variables.push((*variable, Secret::new(value))),
                None if DISPENSABLE.contains(&name) => {}
                None => {
                    bail!("store.url: the parameter `{name}` can't be passed on to PostgreSQL's programs")
                }
            }
        }
        Ok(Self { variables, database: database.context("store.url: expected the name of a database")? })
    }
}

/// `host:port`; the host may be an address of IPv6 in brackets.
fn host_and_port(text: &str) -> (&str, &str) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return (host, rest.strip_prefix(':').unwrap_or_default());
    }
    text.rsplit_once(':').unwrap_or((text, ""))
}

fn decoded(text: &str) -> anyhow::Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text.context("store.url: expected UTF-8 behind its percent signs")?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> String {
        let environment = Environment::of(&Secret::new(url)).unwrap();
        let variables =
            environment.variables.iter().map(|(name, value)| format!("{name}={}", value.expose()));
        let variables: Vec<String> = variables.collect();
        format!("{} in {}", variables.join(" "), environment.database)
    }

    #[test]
    fn an_address_becomes_variables() {
        assert_eq!(
            of("postgres://gate:s%40cret@db1:5433,db2:5434/gateway?sslmode=verify-full&keepalives_idle=10"),
            "PGHOST=db1,db2 PGPORT=5433,5434 PGUSER=gate PGPASSWORD=s@cret PGDATABASE=gateway \
             PGSSLMODE=verify-full in gateway"
        );
        assert_eq!(of("postgresql://baohan@%2Ftmp%2Fs/x"), "PGHOST=/tmp/s PGUSER=baohan PGDATABASE=x in x");
        assert_eq!(of("postgres://[::1]:6000/x"), "PGHOST=::1 PGPORT=6000 PGDATABASE=x in x");
        assert_eq!(of("postgres:///x?host=/tmp/s"), "PGDATABASE=x PGHOST=/tmp/s in x");
    }

    #[test]
    fn what_can_not_be_passed_on_is_refused_without_saying_a_secret() {
        let complaint = Environment::of(&Secret::new("postgres://a:geheim@b/c?sslpassword=d")).unwrap_err();
        let complaint = complaint.to_string();
        assert!(complaint.contains("`sslpassword`") && !complaint.contains("geheim"), "{complaint}");
        assert!(
            Environment::of(&Secret::new("postgres://a@b")).unwrap_err().to_string().contains("database")
        );
    }
}
