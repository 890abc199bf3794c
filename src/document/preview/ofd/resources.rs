//! Resources that objects name by number (GB/T 33190 7.9): fonts, pictures, colour spaces, parameters, composites.

use std::collections::HashMap;

use crate::document::ofd::element::{Element, resolve};
use crate::document::ofd::package::Package;

#[derive(Default)]
pub(super) struct Resources(HashMap<String, Resource>);

pub(super) struct Resource {
    pub(super) element: Element,
    /// Some file in the folder from which the resource names its own file.
    beside: String,
}

impl Resources {
    /// Adds those that the file lists; `false` if it is missing or cannot be read.
    pub(super) fn add(&mut self, package: &Package, path: &str) -> bool {
        let Some(Ok(list)) = package.file(path).map(|bytes| Element::parse(bytes, "Res")) else {
            return false;
        };
        let folder = list.attribute("BaseLoc").filter(|folder| !folder.is_empty());
        let beside = folder
            .and_then(|folder| resolve(path, &format!("{}/x", folder.trim_end_matches('/'))))
            .unwrap_or_else(|| path.to_owned());
        for element in list.into_children().into_iter().flat_map(Element::into_children) {
            if let Some(id) = element.attribute("ID").map(|id| id.trim().to_owned()) {
                self.0.insert(id, Resource { element, beside: beside.clone() });
            }
        }
        true
    }

    /// `kind` is the element's name: numbers of different kinds are told apart.
    pub(super) fn get(&self, kind: &str, id: &str) -> Option<&Resource> {
        self.0.get(id.trim()).filter(|resource| resource.element.name() == kind)
    }
}

impl Resource {
    /// The path of the file that the child of that name gives.
    pub(super) fn file(&self, child: &str) -> Option<String> {
        resolve(&self.beside, self.element.child_text(child)?)
    }
}
