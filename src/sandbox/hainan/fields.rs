//! The request tables of appendix A of the Hainan specification, in both directions.

use super::super::fields::{Field, Form, Interface, YES_NO, may, must};

const APPKEY: Field = must("appkey").up_to(50);
const TIMESTAMP: Field = must("timestamp").up_to(30).of(Form::Time);
const PLATFORMCODE: Field = must("platformcode").up_to(50);
const APPLYNO: Field = must("applyno").up_to(50);
const BAOHANNO: Field = must("baohanno").up_to(50);
const FILETYPE: Field = must("filetype").up_to(50).of(Form::OneOf(&["1", "2"]));
const SUFFIX: Field = must("filesuffixtype").up_to(50).of(Form::OneOf(&["ofd"]));
const BAK1: Field = may("bak1").up_to(200);
const BAK2: Field = may("bak2").up_to(200);
const SIGN: Field = must("sign").up_to(200);

/// A.2, A.3, A.4, A.5, A.8, A.10, A.13 and A.15.
pub const RECEIVED: &[Interface] = &[
    Interface {
        name: "baohannotice",
        clause: "A.2",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO.on_approval(),
            must("payername").up_to(200).on_approval(),
            must("payeraccount").up_to(50).on_approval(),
            must("instname").up_to(200),
            // The specification prints "generate time"; the blank is where the narrow column broke the line.
            must("generatetime").up_to(30).of(Form::Time),
            must("rate").up_to(50).of(Form::Decimal).on_approval(),
            must("cost").up_to(50).of(Form::Decimal).on_approval(),
            must("applystatus").up_to(10).of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "downloadpublickey",
        clause: "A.3",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAK1, BAK2, SIGN],
    },
    Interface {
        name: "uploadbaohanfile",
        clause: "A.4",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("baohanfile"),
            FILETYPE,
            SUFFIX,
            must("index").up_to(30).of(Form::Index),
            BAK1,
            BAK2,
            SIGN,
        ],
    },
    Interface {
        name: "baohanfilecompletenotice",
        clause: "A.5",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("key").up_to(200),
            must("iv").up_to(200),
            must("baohanfilemd5").up_to(200),
            FILETYPE,
            SUFFIX,
            BAK1,
            BAK2,
            SIGN,
        ],
    },
    Interface {
        name: "invoicenotice",
        clause: "A.8",
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
        clause: "A.10",
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
    Interface {
        name: "claimsresultnotice",
        clause: "A.13",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("compensatestatus").up_to(10).of(Form::OneOf(&["1", "2", "3", "9"])),
            may("compensateremark").up_to(500),
            must("compensatename").up_to(50),
            must("compensateorgnum").up_to(50),
            must("compensatecontact").up_to(200),
            must("compensatecontacttel").up_to(50),
            must("compensatebankcode").up_to(50),
            must("compensateopenbank").up_to(50),
            must("favoreename").up_to(200),
            must("favoreeorignum").up_to(50),
            must("favoreecontact").up_to(200),
            must("favoreecontacttel").up_to(50),
            must("favoreebankcode").up_to(50),
            must("favoreeopenbank").up_to(50),
            must("compensateamount").up_to(50).of(Form::Decimal),
            SIGN,
        ],
    },
    Interface { name: "giveupapply", clause: "A.15", fields: &[APPKEY, TIMESTAMP, APPLYNO, SIGN] },
];

/// A.1, A.6, A.7, A.9, A.11, A.12 and A.14.
pub const PUSHED: &[Interface] = &[
    Interface {
        name: "baohanapply",
        clause: "A.1",
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
        clause: "A.6",
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
        clause: "A.7",
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
        clause: "A.9",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, BAOHANNO, must("reason").up_to(500), SIGN],
    },
    Interface {
        name: "canclenotice",
        clause: "A.11",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, BAOHANNO, SIGN],
    },
    Interface {
        name: "claimsnotice",
        clause: "A.12",
        fields: &[
            APPKEY,
            TIMESTAMP,
            PLATFORMCODE,
            APPLYNO,
            BAOHANNO,
            must("payeraccount").up_to(50),
            must("payeramount").up_to(50).of(Form::Decimal),
            must("applyusername").up_to(200),
            must("applyuserphone").up_to(50),
            must("reason").up_to(500),
            may("filelist"),
            SIGN,
        ],
    },
    Interface {
        name: "giveupapply",
        clause: "A.14",
        fields: &[APPKEY, TIMESTAMP, PLATFORMCODE, APPLYNO, SIGN],
    },
];
