//! What a process has used, as Linux tells in `/proc`. Elsewhere nothing is known.

use std::fs::read_to_string;
use std::time::Duration;

/// `/proc` counts in hundredths of a second, whatever the processor's own clock does (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessUsage {
    /// Of all threads, in user space and in the kernel.
    pub(super) processor: Duration,
    /// The most memory that it ever had.
    pub(super) resident_peak_kib: u64,
}

impl ProcessUsage {
    pub(super) fn of(process: u32) -> Option<Self> {
        let processor = processor(&read_to_string(format!("/proc/{process}/stat")).ok()?)?;
        let resident_peak_kib = resident_peak(&read_to_string(format!("/proc/{process}/status")).ok()?)?;
        Some(Self { processor, resident_peak_kib })
    }
}

/// How many tasks wanted a processor over the last minute, as text; what else ran beside a measurement.
pub(super) fn load() -> Option<String> {
    let text = read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// `utime` and `stime` stand 11 and 12 behind the state, which follows the name in brackets; a name may hold anything.
fn processor(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let (user, kernel) = (times.next()?.ok()?, times.next()?.ok()?);
    Some(TICK * user.saturating_add(kernel))
}

fn resident_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_process_are_read_behind_its_name() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 3 4 20 0 9 0 100 1 2 3";
        assert_eq!(processor(stat), Some(Duration::from_secs(2)));
        assert_eq!(processor("42 (x) S 1"), None);
    }

    #[test]
    fn the_peak_of_memory_is_read_from_its_line() {
        assert_eq!(resident_peak("VmPeak:\t 9 kB\nVmHWM:\t  123456 kB\nVmRSS:\t 7 kB\n"), Some(123_456));
        assert_eq!(resident_peak("VmRSS:\t 7 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_used_memory() {
        assert!(ProcessUsage::of(std::process::id()).unwrap().resident_peak_kib > 0);
    }
}
