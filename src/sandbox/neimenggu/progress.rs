//! How far an order has come by the states of PREP102, and which state may follow (chapter 8).

/// What the platform asked for with PREP109 and has no answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// 01 退保, answered by 08 or 09.
    Surrender,
    /// 02 订单取消, answered by 07 or 06.
    OrderCancellation,
}

impl Withdrawal {
    /// `applicationType`
    pub fn number(self) -> &'static str {
        match self {
            Self::Surrender => "01",
            Self::OrderCancellation => "02",
        }
    }
}

/// The institution's word on an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Yes,
    No,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    approval: Step,
    issue: Step,
    paid: bool,
    pub withdrawal: Option<Withdrawal>,
    /// 07, 08 or a cancellation of the guarantee: nothing follows.
    ended: bool,
}

impl Progress {
    pub const BEGINNING: Self =
        Self { approval: Step::Open, issue: Step::Open, paid: false, withdrawal: None, ended: false };

    /// Whether 03 was accepted and nothing has ended the guarantee since.
    pub fn is_in_force(self) -> bool {
        self.issue == Step::Yes && !self.ended
    }

    pub fn is_issued(self) -> bool {
        self.issue == Step::Yes
    }

    /// The guarantee has been cancelled (PREP108).
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Where the order stands after a state. `payment_first`: the premium is paid before the letter is issued.
    ///
    /// # Errors
    /// Why this state cannot come now.
    pub fn after(self, state: &str, payment_first: bool) -> Result<Self, &'static str> {
        if self.ended {
            return Err("订单已结束");
        }
        let approved = self.approval == Step::Yes;
        let asked = |withdrawal| self.withdrawal == Some(withdrawal);
        match state {
            "01" | "02" if self.approval != Step::Open => Err("申请已审批"),
            "01" => Ok(Self { approval: Step::Yes, ..self }),
            "02" => Ok(Self { approval: Step::No, ..self }),
            "03" | "04" | "05" if !approved => Err("申请未审批通过"),
            "03" | "04" if self.issue != Step::Open => Err("已通知过开函结果"),
            "03" if payment_first && !self.paid => Err("未支付保费"),
            "03" => Ok(Self { issue: Step::Yes, ..self }),
            "04" => Ok(Self { issue: Step::No, ..self }),
            "05" if self.paid => Err("已支付保费"),
            "05" if self.issue == Step::No => Err("开函失败，不应支付保费"),
            "05" => Ok(Self { paid: true, ..self }),
            "06" | "07" if !asked(Withdrawal::OrderCancellation) => Err("未申请取消订单"),
            "06" => Ok(Self { withdrawal: None, ..self }),
            "07" if self.issue == Step::Yes => Err("已开函，订单不能取消"),
            "07" => Ok(Self { withdrawal: None, ended: true, ..self }),
            "08" | "09" if !asked(Withdrawal::Surrender) => Err("未申请退保"),
            "08" if self.issue != Step::Yes => Err("未开函，不能退保"),
            "08" => Ok(Self { withdrawal: None, ended: true, ..self }),
            "09" => Ok(Self { withdrawal: None, ..self }),
            _ => Err("保函申请状态不存在"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::STATES;
    use super::*;

    /// Which states may come after these.
    fn may_follow(before: &[&str], withdrawal: Option<Withdrawal>) -> String {
        let mut progress = Progress { withdrawal, ..Progress::BEGINNING };
        for state in before {
            progress = progress.after(state, true).unwrap();
        }
        STATES
            .iter()
            .filter(|state| progress.after(state, true).is_ok())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn only_a_state_that_the_flow_allows_may_follow() {
        let surrender = Some(Withdrawal::Surrender);
        let cancellation = Some(Withdrawal::OrderCancellation);
        assert_eq!(may_follow(&[], None), "01 02");
        assert_eq!(may_follow(&["01"], None), "04 05");
        assert_eq!(may_follow(&["02"], None), "");
        assert_eq!(may_follow(&["01", "05"], None), "03 04");
        assert_eq!(may_follow(&["01", "05", "03"], None), "");
        assert_eq!(may_follow(&["01", "04"], None), "");
        assert_eq!(may_follow(&["01"], cancellation), "04 05 06 07");
        assert_eq!(may_follow(&["01", "07"], cancellation), "");
        assert_eq!(may_follow(&["01", "05", "06"], cancellation), "03 04");
        assert_eq!(may_follow(&["01", "05", "03"], cancellation), "06");
        assert_eq!(may_follow(&["01", "05", "03"], surrender), "08 09");
        assert_eq!(may_follow(&["01", "05", "03", "09"], surrender), "");
        assert_eq!(may_follow(&["01", "05", "03", "08"], surrender), "");
        assert_eq!(may_follow(&["01", "05"], surrender), "03 04 09");
    }

    #[test]
    fn where_payment_may_come_later_the_letter_may_come_first() {
        let approved = Progress::BEGINNING.after("01", false).unwrap();
        let issued = approved.after("03", false).unwrap();
        assert!(issued.is_in_force());
        assert!(issued.after("05", false).is_ok());
        assert_eq!(approved.after("03", true), Err("未支付保费"));
    }
}
