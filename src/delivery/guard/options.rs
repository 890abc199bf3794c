//! The section `[outbound]` of the settings: what may be called beside what the settings name elsewhere.

use ipnet::IpNet;
use serde::Deserialize;

use super::place::Place;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Written")]
pub struct OutboundOptions {
    pub(super) hosts: Vec<Place>,
    pub(super) private: Vec<IpNet>,
}

impl OutboundOptions {
    /// Whether addresses that arrive in messages can be called at all.
    pub fn allows_any(&self) -> bool {
        !self.hosts.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Written {
    hosts: Vec<String>,
    private: Vec<String>,
}

impl TryFrom<Written> for OutboundOptions {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let hosts =
            written.hosts.iter().map(|text| Place::entry(text).map_err(|error| format!("hosts: {error}")));
        let private = written.private.iter().map(|text| range(text));
        Ok(Self { hosts: hosts.collect::<Result<_, _>>()?, private: private.collect::<Result<_, _>>()? })
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let expected = "private: expected a range of addresses such as `10.20.0.0/16`";
    let net: IpNet = text.parse().map_err(|_| format!("{expected}, found `{text}`"))?;
    if net.trunc() != net {
        return Err(format!("{expected}, found `{text}`, which begins at `{}`", net.trunc()));
    }
    Ok(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<OutboundOptions, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn nothing_is_open_from_the_start() {
        let options = read("").unwrap();
        assert!(!options.allows_any() && options.private.is_empty());
    }

    #[test]
    fn what_is_no_host_and_no_range_is_named() {
        for host in [
            "*",
            "*.cn",
            "*.10.0.0.1",
            "ftp://a.cn",
            "a.cn/path",
            "a.cn/",
            "a.cn?x",
            "u@a.cn",
            "a.*.cn",
            "",
            "a b.cn",
            "*.*.cn",
            "https://*.a.cn:x",
        ] {
            let said = read(&format!("hosts = [\"{host}\"]")).unwrap_err();
            assert!(
                said.starts_with("hosts: expected") && said.contains(&format!("`{host}`")),
                "{host}: {said}"
            );
        }
        for range in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "all"] {
            let said = read(&format!("private = [\"{range}\"]")).unwrap_err();
            assert!(said.starts_with("private: expected") && said.contains(range), "{range}: {said}");
        }
        assert!(read("host = []").unwrap_err().contains("host"));
    }
}
