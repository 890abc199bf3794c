//! What other programs write and ours does not: templates, layers, annotations, composites, clips, palettes, and text in
//! fonts that are not embedded.

use std::collections::BTreeSet;

use super::*;
use crate::document::ofd::package::Package;
use crate::document::preview::{LeftOut, PagePicture};

const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// A document of one page, 100 by 100 mm, in the parts that a test fills in.
#[derive(Default)]
pub(super) struct Foreign {
    /// Children of Res.
    pub(super) resources: String,
    /// Children of Page before its Content.
    pub(super) page: String,
    /// Children of Content.
    pub(super) layers: String,
    /// Children of CommonData.
    pub(super) common: String,
    /// Children of Document after its Pages.
    pub(super) document: String,
    pub(super) files: Vec<(&'static str, String)>,
}

impl Foreign {
    /// With one layer of objects.
    pub(super) fn of(objects: &str) -> Self {
        Self { layers: format!("<ofd:Layer ID=\"1\">{objects}</ofd:Layer>"), ..Self::default() }
    }

    pub(super) fn with(mut self, resources: &str) -> Self {
        self.resources = resources.to_owned();
        self
    }

    pub(super) fn package(&self) -> Package {
        let Self { resources, page, layers, common, document, files } = self;
        let mut package = Package::default();
        package.put("OFD.xml", format!("<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"));
        package.put(
            "Doc_0/Document.xml",
            format!(
                "<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 100 100</ofd:PhysicalBox>\
                 </ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{common}</ofd:CommonData><ofd:Pages>\
                 <ofd:Page ID=\"7\" BaseLoc=\"Page.xml\"/></ofd:Pages>{document}</ofd:Document>"
            ),
        );
        package.put(
            "Doc_0/PublicRes.xml",
            format!("<ofd:Res {NAMESPACE} BaseLoc=\"Res\">{resources}</ofd:Res>"),
        );
        package.put(
            "Doc_0/Page.xml",
            format!("<ofd:Page {NAMESPACE}>{page}<ofd:Content>{layers}</ofd:Content></ofd:Page>"),
        );
        for (path, text) in files {
            package.put(*path, text.replace("NAMESPACE", NAMESPACE));
        }
        package
    }

    pub(super) fn open(&self, limits: &Limits) -> Result<Pages, PreviewError> {
        Pages::open(self.package().to_zip().unwrap(), NO_SEALS, limits)
    }

    pub(super) fn draw(&self) -> Result<PagePicture, PreviewError> {
        self.open(&Limits::default()).and_then(|pages| pages.picture(0))
    }

    fn picture(&self) -> (Painted, BTreeSet<LeftOut>) {
        let picture = self.draw().unwrap();
        check_inert(&picture);
        (Painted::of(&picture, 100.0, 200), picture.left_out)
    }
}

/// A filled square of 10 mm.
fn square(x: u32, y: u32, more: &str, inside: &str) -> String {
    format!(
        "<ofd:PathObject ID=\"2\" Boundary=\"{x} {y} 10 10\" Stroke=\"false\" Fill=\"true\" {more}>{inside}\
         <ofd:AbbreviatedData>M 0 0 L 10 0 L 10 10 L 0 10 C</ofd:AbbreviatedData></ofd:PathObject>"
    )
}

/// Whether a place is inked, blank, or in between.
fn shade(painted: &Painted, x: f64, y: f64) -> &'static str {
    match painted.ink((x + 0.5, y + 0.5), (3.0, 3.0)) {
        ink if ink < 0.02 => "blank",
        ink if ink > 0.98 => "inked",
        _ => "between",
    }
}

fn text(font: &str, text: &str, more: &str) -> String {
    format!(
        "<ofd:TextObject ID=\"3\" Boundary=\"10 10 80 10\" Font=\"{font}\" Size=\"8\">{more}\
         <ofd:TextCode X=\"0\" Y=\"8\" DeltaX=\"g 9 8\">{text}</ofd:TextCode></ofd:TextObject>"
    )
}

#[test]
fn templates_layers_and_annotations_are_drawn_from_the_back_to_the_front() {
    let red = "<ofd:FillColor Value=\"255 0 0\"/>";
    let white = "<ofd:FillColor Value=\"255 255 255\"/>";
    let template = |inside: &str| {
        format!(
            "<ofd:Page NAMESPACE><ofd:Content><ofd:Layer ID=\"9\">{inside}</ofd:Layer></ofd:Content></ofd:Page>"
        )
    };
    let layer =
        |kind: &str, inside: String| format!("<ofd:Layer ID=\"1\" Type=\"{kind}\">{inside}</ofd:Layer>");
    let foreign = Foreign {
        common: "<ofd:TemplatePage ID=\"20\" BaseLoc=\"Back.xml\"/>\
                 <ofd:TemplatePage ID=\"21\" ZOrder=\"Foreground\" BaseLoc=\"Front.xml\"/>"
            .to_owned(),
        page: "<ofd:Template TemplateID=\"20\"/><ofd:Template TemplateID=\"21\"/>".to_owned(),
        document: "<ofd:Annotations>Annotations.xml</ofd:Annotations>".to_owned(),
        // The foreground stands first in the file.
        layers: layer("Foreground", square(40, 10, "", red)) + &layer("Body", square(40, 10, "", "") + &square(60, 10, "", "")),
        files: vec![
            ("Doc_0/Back.xml", template(&(square(10, 10, "", "") + &square(60, 10, "", red)))),
            ("Doc_0/Front.xml", template(&square(60, 10, "", white))),
            ("Doc_0/Annotations.xml", "<ofd:Annotations NAMESPACE><ofd:Page PageID=\"7\"><ofd:FileLoc>Annot.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>".to_owned()),
            ("Doc_0/Annot.xml", format!(
                "<ofd:PageAnnot NAMESPACE><ofd:Annot ID=\"1\"><ofd:Appearance Boundary=\"70 70 20 20\">{0}</ofd:Appearance></ofd:Annot>\
                 <ofd:Annot ID=\"2\" Visible=\"false\"><ofd:Appearance Boundary=\"10 70 20 20\">{0}</ofd:Appearance></ofd:Annot></ofd:PageAnnot>",
                square(5, 5, "", "")
            )),
        ],
        ..Foreign::default()
    };
    let (painted, left_out) = foreign.picture();
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!(shade(&painted, 12.0, 12.0), "inked", "the template behind");
    assert!(painted.red((42.0, 12.0), (6.0, 6.0)) > 0.9, "the layer in front");
    assert_eq!(shade(&painted, 62.0, 12.0), "blank", "the template in front");
    assert_eq!(shade(&painted, 77.0, 77.0), "inked", "an annotation");
    assert_eq!(shade(&painted, 17.0, 77.0), "blank", "an annotation that does not show");
}

#[test]
fn clips_boundaries_transparency_and_matrices_are_kept() {
    let clip = "<ofd:Clips><ofd:Clip><ofd:Area><ofd:Path Boundary=\"0 0 5 10\"><ofd:AbbreviatedData>M 0 0 L 5 0 L 5 10 L 0 10 C\
                </ofd:AbbreviatedData></ofd:Path></ofd:Area></ofd:Clip></ofd:Clips>";
    let objects = [
        square(0, 0, "", clip),
        square(20, 0, "Alpha=\"128\"", ""),
        square(40, 0, "Visible=\"false\"", ""),
        // Drawn at double size, of which the boundary lets a quarter through.
        square(60, 0, "CTM=\"2 0 0 2 0 0\"", ""),
        square(0, 40, "", "<ofd:FillColor Value=\"0 0 0\" Alpha=\"0\"/>"),
        "<ofd:PathObject ID=\"4\" Boundary=\"0 60 50 0\" LineWidth=\"5\"><ofd:AbbreviatedData>M 0 0 L 50 0\
         </ofd:AbbreviatedData></ofd:PathObject>"
            .to_owned(),
    ];
    let (painted, left_out) = Foreign::of(&objects.concat()).picture();
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!((shade(&painted, 0.5, 3.0), shade(&painted, 6.0, 3.0)), ("inked", "blank"), "a clip");
    assert_eq!(shade(&painted, 23.0, 3.0), "between", "half transparent");
    assert_eq!(shade(&painted, 43.0, 3.0), "blank", "invisible");
    assert_eq!((shade(&painted, 65.0, 3.0), shade(&painted, 72.0, 3.0)), ("inked", "blank"), "a boundary");
    assert_eq!(shade(&painted, 3.0, 43.0), "blank", "transparent");
    assert_eq!(shade(&painted, 20.0, 58.0), "inked", "a line whose boundary has no height");
}

#[test]
fn parameters_composites_and_palettes_are_found_among_the_resources() {
    let resources = format!(
        "<ofd:ColorSpaces><ofd:ColorSpace ID=\"30\" Type=\"RGB\"><ofd:Palette><ofd:CV>0 0 0</ofd:CV><ofd:CV>255 0 0</ofd:CV>\
         </ofd:Palette></ofd:ColorSpace></ofd:ColorSpaces><ofd:DrawParams><ofd:DrawParam ID=\"31\"><ofd:FillColor \
         ColorSpace=\"30\" Index=\"1\"/></ofd:DrawParam><ofd:DrawParam ID=\"32\" Relative=\"31\" LineWidth=\"1\"/></ofd:DrawParams>\
         <ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID=\"33\" Width=\"20\" Height=\"20\"><ofd:Content>{}</ofd:Content>\
         </ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits>",
        square(0, 0, "", "")
    );
    let objects = square(0, 0, "DrawParam=\"32\"", "")
        + "<ofd:CompositeObject ID=\"5\" Boundary=\"50 50 20 20\" CTM=\"1 0 0 1 10 0\" ResourceID=\"33\"/>";
    let (painted, left_out) = Foreign::of(&objects).with(&resources).picture();
    assert!(left_out.is_empty(), "{left_out:?}");
    assert!(painted.red((2.0, 2.0), (6.0, 6.0)) > 0.9, "inherited, from a palette");
    assert_eq!((shade(&painted, 63.0, 53.0), shade(&painted, 53.0, 53.0)), ("inked", "blank"), "a composite");
}

#[test]
fn text_in_a_font_that_is_not_embedded_is_drawn_with_the_houses_and_said_so() {
    let fonts = "<ofd:Fonts><ofd:Font ID=\"3\" FontName=\"SimSun\"/></ofd:Fonts>";
    let foreign = Foreign::of(&text("3", "投标保函", "")).with(fonts);
    let picture = foreign.draw().unwrap();
    assert_eq!(glyphs_in(&picture.bytes), 4);
    assert_eq!(picture.left_out, BTreeSet::from([LeftOut::OwnFont]));
    let (painted, _) = foreign.picture();
    assert!((0..4).all(|at| painted.ink((10.0 + 8.0 * f64::from(at), 10.0), (8.0, 9.0)) > 0.05));
    assert_eq!(shade(&painted, 50.0, 12.0), "blank");

    // Numbers of glyphs mean nothing without their font, and nobody draws this character.
    let listed = "<ofd:CGTransform CodePosition=\"0\" CodeCount=\"1\" GlyphCount=\"1\"><ofd:Glyphs>9</ofd:Glyphs></ofd:CGTransform>";
    let picture = Foreign::of(&text("3", "保\u{1f600}", listed)).with(fonts).draw().unwrap();
    assert_eq!(glyphs_in(&picture.bytes), 1);
    assert_eq!(picture.left_out, BTreeSet::from([LeftOut::OwnFont, LeftOut::Character]));
}

#[test]
fn characters_stand_where_the_steps_say_across_and_down() {
    let fonts = "<ofd:Fonts><ofd:Font ID=\"3\" FontName=\"SimSun\"/></ofd:Fonts>";
    let column = "<ofd:TextObject ID=\"3\" Boundary=\"10 10 80 80\" Font=\"3\" Size=\"8\"><ofd:TextCode X=\"0\" Y=\"8\" \
                  DeltaY=\"20 20\">国国国</ofd:TextCode></ofd:TextObject>";
    let (painted, _) = Foreign::of(column).with(fonts).picture();
    for (y, inked) in [(11.0, true), (21.0, false), (31.0, true), (41.0, false), (51.0, true), (71.0, false)]
    {
        assert_eq!(painted.ink((10.0, y), (8.0, 8.0)) > 0.05, inked, "{y}");
    }
    // Turned by a quarter, the stroke of 一 stands upright.
    let turned = |attribute: &str| {
        let object = format!(
            "<ofd:TextObject ID=\"3\" Boundary=\"50 50 10 10\" Font=\"3\" Size=\"20\" {attribute}><ofd:TextCode X=\"0\" Y=\"0\">一\
             </ofd:TextCode></ofd:TextObject>"
        );
        let (painted, _) = Foreign::of(&object).with(fonts).picture();
        (painted.ink((50.0, 40.0), (20.0, 10.0)) > 0.01, painted.ink((50.0, 51.0), (10.0, 18.0)) > 0.01)
    };
    assert_eq!((turned(""), turned("CharDirection=\"90\"")), ((true, false), (false, true)));
}
