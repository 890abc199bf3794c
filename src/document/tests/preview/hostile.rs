//! Files that attack whoever looks at them.

use super::foreign::Foreign;
use super::*;
use crate::document::preview::LeftOut;

const SCRIPT: &str = "&quot;/&gt;&lt;script&gt;alert(1)&lt;/script&gt;";

#[test]
fn scripts_in_names_paths_and_texts_do_not_get_into_the_picture() {
    let resources = format!(
        "<ofd:Fonts><ofd:Font ID=\"3{SCRIPT}\" FontName=\"{SCRIPT}\"><ofd:FontFile>{SCRIPT}</ofd:FontFile></ofd:Font></ofd:Fonts>\
         <ofd:MultiMedias><ofd:MultiMedia ID=\"4\"><ofd:MediaFile>evil.svg</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>"
    );
    let objects = format!(
        "<ofd:PathObject ID=\"{SCRIPT}\" Boundary=\"0 0 9 9\" Cap=\"{SCRIPT}\" DashPattern=\"{SCRIPT}\" Rule=\"{SCRIPT}\">\
         <ofd:StrokeColor Value=\"{SCRIPT}\"/><ofd:AbbreviatedData>M 0 0 {SCRIPT} L 1 1</ofd:AbbreviatedData></ofd:PathObject>\
         <ofd:TextObject ID=\"9\" Boundary=\"0 0 9 9\" Font=\"3{SCRIPT}\" Size=\"5\"><ofd:TextCode X=\"0\" Y=\"5\">{SCRIPT}\
         </ofd:TextCode></ofd:TextObject><ofd:ImageObject ID=\"8\" Boundary=\"0 0 9 9\" ResourceID=\"4\"/>"
    );
    let mut foreign = Foreign::of(&objects).with(&resources);
    foreign.files.push((
        "Doc_0/Res/evil.svg",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_owned(),
    ));
    let picture = foreign.draw().unwrap();
    check_inert(&picture);
    assert!(!String::from_utf8(picture.bytes).unwrap().contains("script"));
    assert!(picture.left_out.contains(&LeftOut::Picture));
}

#[test]
fn references_without_an_end_come_to_one() {
    let resources = "<ofd:DrawParams><ofd:DrawParam ID=\"1\" Relative=\"2\"/><ofd:DrawParam ID=\"2\" Relative=\"1\"/></ofd:DrawParams>\
                     <ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID=\"5\"><ofd:Content>\
                     <ofd:CompositeObject ID=\"6\" Boundary=\"0 0 9 9\" ResourceID=\"5\"/></ofd:Content></ofd:CompositeGraphicUnit>\
                     </ofd:CompositeGraphicUnits>";
    let composite = "<ofd:CompositeObject ID=\"6\" Boundary=\"0 0 9 9\" DrawParam=\"1\" ResourceID=\"5\"/>";
    let picture = Foreign::of(composite).with(resources).draw().unwrap();
    assert!(picture.left_out.contains(&LeftOut::Object));

    // Ten of itself in each of it would be a hundred million objects.
    let more = resources.replace(
        "<ofd:CompositeObject",
        &"<ofd:CompositeObject ID=\"6\" Boundary=\"0 0 9 9\" ResourceID=\"5\"/>".repeat(9),
    );
    let more = more.replacen("/> ID=\"6\"", "/><ofd:CompositeObject ID=\"6\"", 1);
    let refusal = Foreign::of(composite).with(&more).draw().unwrap_err();
    assert!(matches!(refusal, PreviewError::TooMuch { what: "objects on a page", .. }), "{refusal}");
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    let foreign = Foreign::of("");
    let small = Limits { file_bytes: 100, ..Limits::default() };
    assert!(matches!(foreign.open(&small), Err(PreviewError::TooMuch { what: "bytes", .. })));
    let mut package = foreign.package();
    package.put("Doc_0/zeros", vec![0; 40 << 20]);
    let opened = Pages::open(package.to_zip().unwrap(), NO_SEALS, &Limits::default());
    assert!(matches!(opened, Err(PreviewError::Package(_))));

    let pages =
        "<ofd:Pages>".to_owned() + &"<ofd:Page ID=\"1\" BaseLoc=\"Page.xml\"/>".repeat(600) + "</ofd:Pages>";
    let many = Foreign { document: pages, ..Foreign::default() };
    assert!(matches!(many.open(&Limits::default()), Err(PreviewError::TooMuch { what: "pages", .. })));

    let long = "国".repeat(5_000);
    let object = format!(
        "<ofd:TextObject ID=\"9\" Boundary=\"0 0 9 9\" Font=\"3\" Size=\"5\"><ofd:TextCode>{long}</ofd:TextCode></ofd:TextObject>"
    );
    let few = Limits { steps: 4_000, ..Limits::default() };
    let refusal = Foreign::of(&object).open(&few).and_then(|pages| pages.picture(0)).unwrap_err();
    assert!(matches!(refusal, PreviewError::TooMuch { what: "objects on a page", .. }), "{refusal}");
    let few = Limits { picture_bytes: 50_000, ..Limits::default() };
    let refusal = Foreign::of(&object).open(&few).and_then(|pages| pages.picture(0)).unwrap_err();
    assert!(matches!(refusal, PreviewError::TooMuch { what: "bytes of a page's picture", .. }), "{refusal}");
}

#[test]
fn a_picture_of_more_pixels_than_a_browser_should_unpack_is_left_out() {
    let resources = "<ofd:MultiMedias><ofd:MultiMedia ID=\"4\"><ofd:MediaFile>p.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>";
    let foreign =
        Foreign::of("<ofd:ImageObject ID=\"8\" Boundary=\"0 0 9 9\" ResourceID=\"4\"/>").with(resources);
    let mut package = foreign.package();
    package.put("Doc_0/Res/p.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff".as_slice());
    let pages = Pages::open(package.to_zip().unwrap(), NO_SEALS, &Limits::default()).unwrap();
    assert!(pages.picture(0).unwrap().left_out.contains(&LeftOut::Picture));
}

#[test]
fn doctypes_missing_files_and_paths_out_of_the_package_are_refused() {
    let with = |path: &str, text: &str| {
        let mut package = Foreign::of("").package();
        package.put(path, text);
        let opened = Pages::open(package.to_zip().unwrap(), NO_SEALS, &Limits::default());
        opened.and_then(|pages| pages.picture(0)).unwrap_err().to_string()
    };
    let doctype = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><ofd:Page xmlns:ofd=\"http://www.ofdspec.org/2016\">&e;</ofd:Page>";
    assert!(with("Doc_0/Page.xml", doctype).contains("DOCTYPE"));
    let elsewhere = "<ofd:OFD xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:DocBody><ofd:DocRoot>../../etc/passwd</ofd:DocRoot></ofd:DocBody></ofd:OFD>";
    assert!(with("OFD.xml", elsewhere).contains("DocRoot"));
    assert!(with("OFD.xml", &elsewhere.replace("../../etc/passwd", "x.xml")).contains("`x.xml` is missing"));
    assert!(with("OFD.xml", "<a/>").contains("OFD.xml"));
    assert!(Pages::open(b"neither".to_vec(), NO_SEALS, &Limits::default()).is_err());
}

#[test]
fn damaged_files_are_refused_or_drawn_as_far_as_they_go() {
    let document = press().letter(&plaintext()).unwrap().to_ofd(&metadata()).unwrap();
    let font = document.package.files().find(|(path, _)| path.ends_with(".ttf")).unwrap().0.to_owned();
    let mut random = 7_u32;
    let mut next = |below: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(random >> 8).unwrap() % below
    };
    let mut drawn = 0;
    for path in ["Doc_0/Pages/Page_0/Content.xml", "Doc_0/PublicRes.xml", &font].repeat(12) {
        let mut package = document.package.clone();
        let mut bytes = package.file(path).unwrap().to_vec();
        for _ in 0..1 + next(20) {
            let at = next(bytes.len());
            bytes[at] = b"0 9.-<\"/\0\xff"[next(10)];
        }
        package.put(path, bytes);
        let pages = Pages::open(package.to_zip().unwrap(), NO_SEALS, &Limits::default());
        if let Ok(picture) = pages.and_then(|pages| pages.picture(0)) {
            check_inert(&picture);
            drawn += 1;
        }
    }
    assert!(drawn > 10, "{drawn}");

    let pdf = press().letter(&plaintext()).unwrap().to_pdf(&metadata()).unwrap().bytes;
    let limits = Limits { dpi: 20, ..Limits::default() };
    for _ in 0..10 {
        let mut bytes = pdf.clone();
        for _ in 0..40 {
            let at = 8 + next(bytes.len() - 8);
            bytes[at] = u8::try_from(next(256)).unwrap();
        }
        if let Ok(pages) = Pages::open(bytes, NO_SEALS, &limits) {
            drop(pages.picture(0));
        }
    }
    assert!(
        Pages::open(b"%PDF-1.7\n".to_vec(), NO_SEALS, &limits)
            .is_err_and(|refusal| matches!(refusal, PreviewError::Pdf(_)))
    );
    assert!(
        Pages::open(pdf[..pdf.len() / 2].to_vec(), NO_SEALS, &limits).map_or(true, |pages| pages.count() < 2)
    );
}
