//! 三(十二): sections about which something has been decided that keeps them from being opened.

use std::sync::PoisonError;

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::journal::Effect;
use super::super::message::Reason;
use super::super::tender::{Case, Platform, Request, Taken};
use crate::clock;

/// What has become of a section (`biaoduanstatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionStatus {
    /// 流标
    Aborted,
    /// 终止
    Terminated,
    /// 暂停
    Suspended,
    /// 作废
    Annulled,
}

impl SectionStatus {
    fn code(self) -> &'static str {
        match self {
            Self::Aborted => "1",
            Self::Terminated => "2",
            Self::Suspended => "3",
            Self::Annulled => "4",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Aborted => "流标",
            Self::Terminated => "终止",
            Self::Suspended => "暂停",
            Self::Annulled => "作废",
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "abort" => Self::Aborted,
            "terminate" => Self::Terminated,
            "suspend" => Self::Suspended,
            "annul" => Self::Annulled,
            _ => return None,
        })
    }
}

/// One entry of `yichanglist`, with the names of the specification.
#[derive(Clone, Debug, Serialize)]
pub struct AbnormalSection {
    pub projectno: String,
    pub projectname: String,
    pub biaoduanno: String,
    pub biaoduanname: String,
    pub biaoduanstatus: String,
    pub remark: String,
    pub audittime: String,
    pub chuliresault: String,
    pub issendweb: String,
    pub gonggaotitle: String,
}

/// A declaration, and when it was made.
pub struct Declared {
    at: Timestamp,
    section: AbnormalSection,
}

impl Platform {
    /// Declares the section of an application abnormal; the institution learns it when it next asks. Its guarantees may
    /// be surrendered from now on, after an opening too.
    ///
    /// # Errors
    /// When the application is unknown.
    pub fn declare_abnormal(&self, applyno: &str, status: SectionStatus) -> anyhow::Result<AbnormalSection> {
        let at = self.desk.clock.now();
        let sealed = self.options.habits.sealed_sections;
        let mut register = self.register();
        let case = register.known(applyno).ok();
        let case = case.with_context(|| format!("`{applyno}` is not an application of this platform"))?;
        case.abnormal = true;
        let section = entry(case, status, at, sealed);
        drop(register);
        let declared = Declared { at, section: section.clone() };
        self.abnormal.lock().unwrap_or_else(PoisonError::into_inner).push(declared);
        Ok(section)
    }

    /// The same by the name of a control endpoint.
    pub(in crate::sandbox) fn declared_by_name(
        &self,
        name: &str,
        applyno: &str,
    ) -> Option<anyhow::Result<Value>> {
        let status = SectionStatus::by_name(name)?;
        let section = self.declare_abnormal(applyno, status);
        Some(section.and_then(|section| Ok(serde_json::to_value(section)?)))
    }

    /// `getbiaoduanyichang`: what has been declared at `updatetime` or later.
    pub(super) fn abnormal_sections(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let since = clock::from_wire(request.text("updatetime"))
            .map_err(|error| Reason::new(format!("updatetime：{error}")))?;
        let declared = self.abnormal.lock().unwrap_or_else(PoisonError::into_inner);
        // Wire times have no fractions of a second.
        let told = declared.iter().filter(|declared| declared.at.as_second() >= since.as_second());
        let told: Vec<AbnormalSection> = told.map(|declared| declared.section.clone()).collect();
        let effect = Effect::AbnormalSectionsGiven { sections: told.len() };
        Ok(Taken { effect, duplicate: false, data: Some(json!({ "yichanglist": told })) })
    }
}

fn entry(case: &Case, status: SectionStatus, at: Timestamp, sealed: bool) -> AbnormalSection {
    let application = &case.application;
    let (number, name) = (application.section_number.as_str(), application.section_name.as_str());
    let (project, _) = number.rsplit_once('-').unwrap_or((number, ""));
    let (project_name, _) = name.split_once("施工").unwrap_or((name, ""));
    let (number, name) = match sealed {
        true => (case.sealed.biaoduanno.as_str(), case.sealed.biaoduanname.as_str()),
        false => (number, name),
    };
    let title = status.title();
    AbnormalSection {
        projectno: project.to_owned(),
        projectname: project_name.to_owned(),
        biaoduanno: number.to_owned(),
        biaoduanname: name.to_owned(),
        biaoduanstatus: status.code().to_owned(),
        remark: format!("有效投标人不足三家，标段{title}"),
        audittime: clock::to_wire(at),
        chuliresault: format!("同意{title}"),
        issendweb: "1".to_owned(),
        gonggaotitle: format!("{project_name}{title}公告"),
    }
}
