//! The request tables of chapter 三 of the specification for electronic financial services, in both directions. It gives
//! no lengths and types.

use super::super::fields::{Field, Form, Interface, YES_NO, may, must};

const APPKEY: Field = must("appkey");
const TIMESTAMP: Field = must("timestamp").of(Form::Time);
const APPLYNO: Field = must("applyno");
const BAOHANNO: Field = must("baohanno");
const SIGN: Field = must("sign");

/// 三(二), (四), (六), (八) and (十二).
pub const RECEIVED: &[Interface] = &[
    Interface {
        name: "baohannotice",
        clause: "三(二)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO.on_approval(),
            must("baohanurl").on_approval(),
            must("baohanfile").on_approval(),
            must("payername").on_approval(),
            must("payeraccount").on_approval(),
            may("instname"),
            must("generatetime").of(Form::Time),
            must("rate").of(Form::Decimal).on_approval(),
            must("cost").of(Form::Decimal).on_approval(),
            must("applystatus").of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "restorenotice",
        clause: "三(四)",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, may("baohanurl"), must("baohanfile"), SIGN],
    },
    Interface {
        name: "invoicenotice",
        clause: "三(六)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            BAOHANNO,
            may("invoiceurl"),
            may("invoicecode"),
            may("invoiceno"),
            must("applystatus").of(YES_NO),
            SIGN,
        ],
    },
    // There is no status: an institution that refuses a surrender says nothing here.
    Interface {
        name: "quitnotice", clause: "三(八)", fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, SIGN]
    },
    Interface {
        name: "getbiaoduanyichang",
        clause: "三(十二)",
        // 更新时间 without a format; the specification's other instants all have this one.
        fields: &[APPKEY, TIMESTAMP, must("updatetime").of(Form::Time), SIGN],
    },
];

/// 三(一), (三), (五), (七), (九), (十) and (十一).
pub const PUSHED: &[Interface] = &[
    Interface {
        name: "baohanapply",
        clause: "三(一)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            must("biddername"),
            must("biddercode"),
            must("biaoduanno").sealed(),
            must("biaoduanname").sealed(),
            must("bzjamount").of(Form::Decimal),
            must("zbr").sealed(),
            may("zbrorgnum").sealed(),
            SIGN,
        ],
    },
    Interface {
        name: "baohanrestore",
        clause: "三(三)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("kaibiaotime").of(Form::Time),
            must("key"),
            SIGN,
        ],
    },
    Interface {
        name: "invoiceapply",
        clause: "三(五)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("biddername"),
            must("biddercode"),
            must("amount").of(Form::Decimal),
            must("type").of(YES_NO),
            may("address"),
            may("phone"),
            may("bank"),
            may("account"),
            may("email"),
            may("mobile"),
            SIGN,
        ],
    },
    Interface {
        name: "quitapply",
        clause: "三(七)",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, must("reason"), SIGN],
    },
    Interface {
        name: "canclenotice",
        clause: "三(九)",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, SIGN],
    },
    Interface {
        name: "claimsnotice",
        clause: "三(十)",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            may("payeraccount"),
            may("payeramount").of(Form::Decimal),
            may("filelist"),
            must("applyusername"),
            must("applyuserphone"),
            may("Reason"),
            SIGN,
        ],
    },
    Interface {
        name: "checkbaohanlist",
        clause: "三(十一)",
        fields: &[APPKEY, TIMESTAMP, must("startdate").of(Form::Date), must("enddate").of(Form::Date), SIGN],
    },
];
