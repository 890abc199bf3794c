//! What the notices of an institution do, once they have been found to be right in themselves.

use super::super::journal::Effect;
use super::super::message::Reason;
use super::Platform;
use super::receive::{Request, Taken};

impl Platform {
    /// `baohannotice`.
    pub(in crate::sandbox) fn application_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let (applyno, baohanno) = (request.applyno(), request.text("baohanno"));
        let effect = match request.succeeded() {
            true => Effect::Approved { baohanno: baohanno.to_owned() },
            false => Effect::Declined,
        };
        let mut register = self.register();
        let case = register.known(applyno)?;
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(effect));
        }
        if case.has(interface) {
            return Err(case.contradicted(interface));
        }
        if case.waived {
            return Err(Reason::new("该申请已放弃"));
        }
        let case = match effect {
            Effect::Declined => register.known(applyno)?,
            _ => register.name_guarantee(applyno, baohanno)?,
        };
        case.approved = Some(effect != Effect::Declined);
        let text = |name: &str| request.message.get(name).map(str::to_owned);
        (case.generatetime, case.rate, case.cost) = (text("generatetime"), text("rate"), text("cost"));
        case.noted(interface, request.content);
        Ok(Taken::new(effect))
    }

    /// `invoicenotice`: after a refusal the invoice may be asked for again.
    pub(in crate::sandbox) fn invoice_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let issued = request.succeeded();
        let effect = Effect::InvoiceNoted { issued };
        let mut register = self.register();
        let case = register.by_guarantee(request.text("baohanno"))?;
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(effect));
        }
        match case.invoice_kind.as_deref() {
            None if case.has(interface) => return Err(case.contradicted(interface)),
            None => return Err(Reason::new("未申请过发票")),
            Some("0") if issued && request.message.get("invoiceurl").is_none() => {
                return Err(request.objection("普票invoiceurl不能为空"));
            }
            Some(_) => {}
        }
        case.invoice_kind = None;
        case.noted(interface, request.content);
        Ok(Taken::new(effect))
    }

    /// `quitnotice`: after a refusal the surrender may be asked for again.
    pub(in crate::sandbox) fn surrender_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let agreed = request.succeeded();
        let effect = Effect::SurrenderNoted { agreed };
        let mut register = self.register();
        let case = register.guaranteed(request.applyno(), request.text("baohanno"))?;
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(effect));
        }
        let dated = request.interface.has("tuibaotime");
        if agreed && dated && request.message.get("tuibaotime").is_none() {
            return Err(request.objection("退保成功时tuibaotime不能为空"));
        }
        if case.opened && !case.surrender_asked && !case.abnormal {
            return Err(Reason::new("项目已开标，不能退保"));
        }
        if case.has(interface) && !case.surrender_asked {
            return Err(case.contradicted(interface));
        }
        case.surrender_asked = false;
        case.surrendered = agreed;
        case.noted(interface, request.content);
        Ok(Taken::new(effect))
    }

    /// `claimsresultnotice`: a claim may be answered several times, until it is paid or refused.
    pub(in crate::sandbox) fn claim_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let status = request.text("compensatestatus");
        let effect = Effect::ClaimResultNoted { status: status.to_owned() };
        let mut register = self.register();
        let case = register.guaranteed(request.applyno(), request.text("baohanno"))?;
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(effect));
        }
        if case.claimed.is_none() {
            return Err(Reason::new("未发起过理赔"));
        }
        if matches!(status, "3" | "9") && request.message.get("compensateremark").is_none() {
            return Err(request.objection("不予赔付和其他需要说明理由"));
        }
        if matches!(case.claim_status.as_deref(), Some("2" | "3")) {
            return Err(case.contradicted(interface));
        }
        case.claim_status = Some(status.to_owned());
        case.noted(interface, request.content);
        Ok(Taken::new(effect))
    }

    /// `giveupapply` of an institution.
    pub(in crate::sandbox) fn waiver(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let mut register = self.register();
        let case = register.known(request.applyno())?;
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(Effect::Waived));
        }
        if case.approved == Some(true) {
            return Err(Reason::new("已收到投保成功通知，不可以放弃"));
        }
        if !self.options.waivers_granted {
            return Err(Reason::new("平台不同意放弃该申请"));
        }
        case.waived = true;
        case.noted(interface, request.content);
        Ok(Taken::new(Effect::Waived))
    }
}
