//! The request tables of chapter 四 of the Zhangzhou specification, in both directions. It gives no lengths and types.

use super::super::fields::{Field, Form, Interface, YES_NO, may, must};

const APPKEY: Field = must("appkey");
const TIMESTAMP: Field = must("timestamp").of(Form::Time);
const APPLYNO: Field = must("applyno");
const BAOHANNO: Field = must("baohanno");
const SIGN: Field = must("sign");

/// 4.2 and 4.6.
pub const RECEIVED: &[Interface] = &[
    Interface {
        name: "baohannotice",
        clause: "4.2",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO.on_approval(),
            must("instname"),
            must("generatetime").of(Form::Time),
            must("applystatus").of(YES_NO),
            SIGN,
        ],
    },
    // 退保成功相关信息: there is no status, and a refusal is not told.
    Interface { name: "quitnotice", clause: "4.6", fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, SIGN] },
];

/// 4.1, 4.3, 4.4, 4.5 and 4.7.
pub const PUSHED: &[Interface] = &[
    Interface {
        name: "baohanapply",
        clause: "4.1",
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
            may("approvalcode").sealed(),
            may("projectcode").sealed(),
            must("projectno").sealed(),
            must("projectname").sealed(),
            must("reckonprice").of(Form::Decimal),
            must("tendererbankcode").sealed(),
            must("tendereropenbank").sealed(),
            must("tendererbankaccount").sealed(),
            must("tenderercontact").sealed(),
            must("tenderercontacttel").sealed(),
            must("citycode"),
            must("projecttype"),
            must("bzjendtime").sealed(),
            must("kaibiaotime").sealed(),
            must("tbyxq").of(Form::Index),
            may("tendernoticeurl").sealed(),
            must("tenderfileurl").sealed(),
            SIGN,
        ],
    },
    Interface { name: "getbaohaninfo", clause: "4.3", fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, SIGN] },
    Interface { name: "giveupnotice", clause: "4.4", fields: &[APPKEY, TIMESTAMP, APPLYNO, SIGN] },
    Interface {
        name: "quitapply",
        clause: "4.5",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAOHANNO, must("reason"), SIGN],
    },
    Interface {
        name: "claimsnotice",
        clause: "4.7",
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
];

/// `data` of the answer to `getbaohaninfo` (4.3), every field of which is necessary.
pub const INFORMATION: &[Field] = &[
    must("baohanurl"),
    must("baohanfile"),
    must("payername"),
    must("payeraccount"),
    must("rate").of(Form::Decimal),
    must("cost").of(Form::Decimal),
    must("paytype"),
    must("tbysq"),
    must("servicebegintime"),
    must("serviceendtime"),
    must("biddercontact"),
    must("biddercontacttel"),
    must("bidderaddress"),
    must("bidderemail"),
    must("bidderpersonname"),
    must("bidderpersoncard"),
    must("bidderpersontel"),
    must("orderurl"),
    must("ordermd5"),
    must("qualficationfileurl"),
    must("qualficationfilemd5"),
    must("businesslicenseurl"),
    must("businesslicensemd5"),
    must("guaranteemd5"),
    must("guaranteexmlurl"),
    must("guaranteexmlmd5"),
    must("payfileurl"),
];
