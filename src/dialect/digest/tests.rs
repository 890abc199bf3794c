//! The vectors of a public collection, computed with OpenSSL, and what each option changes.

use super::*;

const FIELDS: [(&str, &str); 7] = [
    ("appkey", "DEMOKEY"),
    ("applyno", "AP20240101001"),
    ("timestamp", "2024-01-01 09:00:00"),
    ("biddername", "测试建设有限公司"),
    ("Reason", "测试"),
    ("filelist", r#"[{"fileurl":"http://a.example/1?x=1&y=2"}]"#),
    ("zbrorgnum", ""),
];

fn fields() -> Vec<Signed<'static>> {
    FIELDS.iter().map(|(name, value)| Signed { name, value, null: false }).collect()
}

fn digester(options: &str) -> Digester {
    let options: DigestOptions = toml::from_str(options).unwrap();
    Digester::new(&options, "sign", "DEMOKEY", &Secret::new("DEMOSECRET")).ok().unwrap()
}

#[test]
fn each_way_to_take_the_secret_in_gives_its_vector() {
    for (options, digest) in [
        ("", "9de579baa557f579d63ff14d7073450532d387bd0833fef9316d41ae91fc7012"),
        ("empties = 'keep'", "4687d793be0bb1fc70f75b954260a988651320538920c71f8a0e2d50c8b137e9"),
        ("order = 'ascii-ignoring-case'", "e0a6cac3669e025aff010505c8410dcda08461d01ea4c089cb4507a1c9cc222d"),
        (
            "frame = '{fields}&key={secret}'",
            "5044a65444886ae420bf7f0e18c272673a4380de0e47ed1289ee61f31691b043",
        ),
        ("frame = '{fields}&{secret}'", "d79552340d55e2fa3a5fc9391ce226a1bc9c19c583af85300033c3c353eacba1"),
        ("frame = '{fields}{secret}'", "f0834f2681745109c26878fcae3266a788baeee8388dc83e81850cf93667b785"),
    ] {
        assert_eq!(digester(options).sign(&fields(), ""), digest, "{options}");
    }
}

#[test]
fn listed_values_without_names_give_the_vector_of_the_enveloped_dialect() {
    let digester = digester(
        "covers = 'listed-fields'\nlisted = ['data', 'reqtime']\norder = 'declared'\npair = 'value'\n\
         empties = 'keep'\nframe = '{fields}&{app_key}&{secret}'",
    );
    let field = |name, value| Signed { name, value, null: false };
    let fields = [field("version", "v1.0"), field("reqtime", "20240101090000"), field("data", "QUJDRA==")];
    assert_eq!(
        digester.sign(&fields, ""),
        "3c21c1ec8c116356c10841f36ce037e4e29dce1241cdaeb7b3352861290516f7"
    );
}

#[test]
fn the_text_under_each_option_is_as_expected() {
    for (options, text) in [
        ("", "Reason=r&appkey=k&b=2&appsecret=***"),
        ("empties = 'keep'", "Reason=r&appkey=k&b=2&c=&d=&e= &appsecret=***"),
        ("empties = 'skip-null'", "Reason=r&appkey=k&b=2&c=&e= &appsecret=***"),
        ("empties = 'skip-empty'\norder = 'declared'", "b=2&appkey=k&Reason=r&e= &appsecret=***"),
        ("order = 'ascii-ignoring-case'", "appkey=k&b=2&e= &Reason=r&appsecret=***"),
        ("exclude = ['appkey']", "Reason=r&b=2&e= &appsecret=***"),
        ("frame = '{secret}{fields}'\npair = 'value'\nseparator = ''", "***rk2 "),
        ("frame = '{fields}'\nsecret_field = 'appsecret'", "Reason=r&appkey=k&appsecret=***&b=2&e= "),
        ("frame = '{fields}'\nalgorithm = 'hmac-sm3'", "Reason=r&appkey=k&b=2&e= "),
        ("covers = 'body'\nplace = 'header'\nframe = '{fields}{secret}'", "{BODY}***"),
    ] {
        let field = |name, value| Signed { name, value, null: name == "d" };
        let mut fields = vec![
            field("b", "2"),
            field("appkey", "k"),
            field("sign", "never"),
            field("c", ""),
            field("d", ""),
            field("Reason", "r"),
            field("e", " "),
        ];
        let blank_is_out = options.is_empty();
        fields.retain(|field| !blank_is_out || field.name != "e");
        assert_eq!(digester(options).pre_image(&fields, "{BODY}"), text, "{options}");
    }
}

#[test]
fn algorithms_and_text_forms_are_the_agreed_ones() {
    let field = [Signed { name: "a", value: "bc", null: false }];
    let sign = |options: &str| digester(options).sign(&field, "");
    assert_eq!(
        sign("frame = '{fields}{secret}'\nalgorithm = 'md5'"),
        hex::encode(md5::digest(b"a=bcDEMOSECRET"))
    );
    assert_eq!(
        sign("frame = '{fields}'\nalgorithm = 'hmac-sm3'"),
        hex::encode(sm3::hmac(b"DEMOSECRET", b"a=bc"))
    );
    let plain = sm3::digest(b"a=bc&appsecret=DEMOSECRET");
    assert_eq!(sign("output = 'hex-upper'"), hex::encode_upper(plain));
    assert_eq!(sign("output = 'base64'"), BASE64_STANDARD.encode(plain));
}

#[test]
fn a_digest_is_accepted_with_the_tolerances_that_it_needed() {
    let plain = digester("");
    let sign = |options: &str| digester(options).sign(&fields(), "");
    assert_eq!(plain.verify(&fields(), "", &sign("")), Some(vec![]));
    assert_eq!(plain.verify(&fields(), "", &sign("output = 'hex-upper'")), Some(vec![Tolerance::DigestCase]));
    assert_eq!(
        plain.verify(&fields(), "", &sign("empties = 'keep'")),
        Some(vec![Tolerance::DigestEmpties("keep")])
    );
    assert_eq!(plain.verify(&fields(), "", &sign("output = 'base64'")), None);
    assert_eq!(plain.verify(&fields(), "", &sign("order = 'ascii-ignoring-case'")), None);
    for given in ["", "zz", "9d", &format!("{}00", sign(""))] {
        assert_eq!(plain.verify(&fields(), "", given), None, "{given}");
    }
}

#[test]
fn a_tolerance_that_is_switched_off_refuses() {
    let strict = digester("accept_other_case = false\naccept_other_empties = false");
    let sign = |options: &str| digester(options).sign(&fields(), "");
    assert_eq!(strict.verify(&fields(), "", &sign("")), Some(vec![]));
    assert_eq!(strict.verify(&fields(), "", &sign("output = 'hex-upper'")), None);
    assert_eq!(strict.verify(&fields(), "", &sign("empties = 'keep'")), None);
}

#[test]
fn a_changed_field_changes_the_digest() {
    let plain = digester("");
    let digest = plain.sign(&fields(), "");
    for index in 0..FIELDS.len() {
        let mut changed = fields();
        changed[index].value = "other";
        assert_eq!(plain.verify(&changed, "", &digest), None, "{index}");
    }
}

#[test]
fn options_that_leave_the_secret_out_are_refused() {
    for options in [
        "frame = '{fields}'",
        "frame = '{secret}'",
        "frame = '{fields}{secret}{secret}'",
        "frame = '{fields}{secret}'\nsecret_field = 'appsecret'",
        "frame = '{fields}{secret}'\nalgorithm = 'hmac-sm3'",
        "frame = '{fields}{password}'",
        "frame = '{fields}{secret'",
        "covers = 'listed-fields'",
        "listed = ['a']",
        "covers = 'body'",
    ] {
        let options: DigestOptions = toml::from_str(options).unwrap();
        assert!(Digester::check(&options).is_err(), "{options:?}");
    }
}
