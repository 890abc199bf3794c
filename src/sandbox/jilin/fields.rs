//! The request tables of chapter 4 of the Jilin specification, in both directions.

use super::super::fields::{Field, Form, Interface, YES_NO, may, must};

const APPKEY: Field = must("appkey").up_to(50);
const TIMESTAMP: Field = must("timestamp").up_to(30).of(Form::Time);
const PLATFORMCODE: Field = must("platformcode").up_to(50);
const APPLYNO: Field = must("applyno").up_to(50);
const BAOHANNO: Field = must("baohanno").up_to(50);
const SIGN: Field = must("sign").up_to(200);

/// 4.2, 4.4, 4.6, 4.8 and 4.12.
pub const RECEIVED: &[Interface] = &[
    Interface {
        name: "baohannotice",
        clause: "4.2",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO.on_approval(),
            must("baohanurl").up_to(1000).on_approval(),
            must("baohanfile").on_approval(),
            must("payername").up_to(200).on_approval(),
            must("payeraccount").up_to(50).on_approval(),
            may("instname").up_to(200),
            must("generatetime").up_to(30).of(Form::Time),
            must("rate").up_to(50).of(Form::Decimal).on_approval(),
            must("cost").up_to(50).of(Form::Decimal).on_approval(),
            must("applystatus").up_to(10).of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "restorenotice",
        clause: "4.4",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            may("baohanurl").up_to(1000),
            must("baohanfile"),
            SIGN,
        ],
    },
    Interface {
        name: "invoicenotice",
        clause: "4.6",
        fields: &[
            APPKEY,
            TIMESTAMP,
            BAOHANNO,
            may("invoiceurl").up_to(1000),
            may("invoicecode").up_to(50),
            may("invoiceno").up_to(50),
            must("applystatus").up_to(10).of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "quitnotice",
        clause: "4.8",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("applystatus").up_to(10).of(YES_NO),
            // The table says 是, its remark 退保成功时必须返回: whether it may be missing depends on applystatus.
            may("tuibaotime").up_to(50).of(Form::Time),
            SIGN,
        ],
    },
    Interface { name: "giveupapply", clause: "4.12", fields: &[APPKEY, TIMESTAMP, APPLYNO, SIGN] },
];

/// 4.1, 4.3, 4.5, 4.7, 4.9, 4.10 and 4.11.
pub const PUSHED: &[Interface] = &[
    Interface {
        name: "baohanapply",
        clause: "4.1",
        fields: &[
            APPKEY,
            TIMESTAMP,
            PLATFORMCODE,
            APPLYNO,
            must("biddername").up_to(200),
            must("biddercode").up_to(50),
            may("jbrname").up_to(50),
            may("jbrphone").up_to(50),
            must("biaoduanno").up_to(500).sealed(),
            must("biaoduanname").up_to(1000).sealed(),
            must("bzjamount").up_to(50).of(Form::Decimal),
            must("zbr").up_to(500).sealed(),
            may("zbrorgnum").up_to(200).sealed(),
            SIGN,
        ],
    },
    Interface {
        name: "baohanrestore",
        clause: "4.3",
        fields: &[
            APPKEY,
            TIMESTAMP,
            PLATFORMCODE,
            APPLYNO,
            BAOHANNO,
            must("kaibiaotime").up_to(30).of(Form::Time),
            must("key").up_to(200),
            SIGN,
        ],
    },
    Interface {
        name: "invoiceapply",
        clause: "4.5",
        fields: &[
            APPKEY,
            TIMESTAMP,
            PLATFORMCODE,
            APPLYNO,
            BAOHANNO,
            must("biddername").up_to(200),
            must("biddercode").up_to(50),
            must("amount").up_to(50).of(Form::Decimal),
            must("type").up_to(10).of(YES_NO),
            may("address").up_to(500),
            may("phone").up_to(50),
            may("bank").up_to(200),
            may("account").up_to(50),
            may("email").up_to(100),
            may("mobile").up_to(50),
            may("contactname").up_to(50),
            may("contactaddress").up_to(500),
            SIGN,
        ],
    },
    Interface {
        name: "quitapply",
        clause: "4.7",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, BAOHANNO, must("reason").up_to(500), SIGN],
    },
    Interface {
        name: "canclenotice",
        clause: "4.9",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, BAOHANNO, SIGN],
    },
    Interface {
        name: "claimsnotice",
        clause: "4.10",
        fields: &[
            APPKEY,
            TIMESTAMP,
            PLATFORMCODE,
            APPLYNO,
            BAOHANNO,
            may("payeraccount").up_to(50),
            may("payeramount").up_to(50).of(Form::Decimal),
            may("filelist"),
            must("applyusername").up_to(200),
            must("applyuserphone").up_to(50),
            may("Reason").up_to(500),
            SIGN,
        ],
    },
    Interface {
        name: "giveupapply",
        clause: "4.11",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, SIGN],
    },
];
