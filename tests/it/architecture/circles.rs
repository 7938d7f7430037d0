//! Import cycles between files: none of their files can be read without the others.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Token, paths_in, use_trees};

/// A module's path from the crate root, in segments.
type Module = Vec<String>;

/// Imports between files, resolved through re-exports to the defining file. Test-only code does not count.
pub struct Imports {
    files: BTreeMap<Module, String>,
    /// Names that a module re-exports, and where they come from.
    handed_on: BTreeMap<(Module, String), Module>,
    pub of: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    pub fn between(sources: &[Source]) -> Self {
        let shipped = || {
            let shipped = sources.iter().filter(|source| !source.only_tests);
            shipped.map(|source| (module_of(source), source))
        };
        let files = shipped().map(|(module, source)| (module, source.path.clone()));
        let mut imports = Self {
            files: files.collect(),
            handed_on: BTreeMap::new(),
            of: BTreeMap::new(),
        };
        for (module, source) in shipped() {
            for (is_public, path) in use_trees(source.shipped()) {
                if let Some(from) = imports.absolute(&module, &path).filter(|_| is_public) {
                    let name = from.last().cloned().unwrap_or_default();
                    imports.handed_on.insert((module.clone(), name), from);
                }
            }
        }
        for (module, source) in shipped() {
            let used = imports.used_by(&module, source.shipped());
            let used = used.into_iter().filter(|file| *file != source.path);
            imports.of.insert(source.path.clone(), used.collect());
        }
        imports
    }

    /// Files that define the names used in a module.
    fn used_by(&self, module: &Module, code: &[Token]) -> BTreeSet<String> {
        let mut modules = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (is_public, path) in use_trees(code) {
            let Some(path) = self.absolute(module, &path) else {
                continue;
            };
            let (found, is_whole) = self.resolved(&path, 0);
            if let Some(name) = path.last().filter(|_| is_whole) {
                modules.insert(name.clone(), found);
            } else if !is_public {
                used.extend(self.files.get(&found).cloned());
            }
        }
        for path in paths_in(code) {
            let absolute = self.absolute(module, &path).or_else(|| {
                let known = modules.get(&path[0])?;
                Some([known, &path[1..]].concat())
            });
            if let Some((found, false)) = absolute.map(|path| self.resolved(&path, 0)) {
                used.extend(self.files.get(&found).cloned());
            }
        }
        used
    }

    /// A path in a module as one from the crate root, if it stays in the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let climbs = path.iter().take_while(|name| *name == "super").count();
        let mut absolute = match path.first()?.as_str() {
            "crate" | "cordon" => path[1..].to_vec(),
            "self" => [module, &path[1..]].concat(),
            "super" => [
                &module[..module.len().checked_sub(climbs)?],
                &path[climbs..],
            ]
            .concat(),
            first => {
                let child = [&module[..], &[first.to_owned()]].concat();
                self.files.contains_key(&child).then_some(child)?;
                [module, path].concat()
            }
        };
        if absolute.last().is_some_and(|name| name == "self") {
            absolute.pop();
        }
        Some(absolute)
    }

    /// The module that defines the end of a path, and whether the path leads to a whole module.
    fn resolved(&self, path: &[String], depth: usize) -> (Module, bool) {
        let mut inside = 0;
        while inside < path.len() && self.files.contains_key(&path[..=inside]) {
            inside += 1;
        }
        let module = path[..inside].to_vec();
        let Some(name) = path.get(inside) else {
            return (module, true);
        };
        match self.handed_on.get(&(module.clone(), name.clone())) {
            Some(from) if depth < 8 => {
                self.resolved(&[from, &path[inside + 1..]].concat(), depth + 1)
            }
            _ => (module, false),
        }
    }

    /// The cycles, each as its files in order.
    pub fn circles(&self) -> BTreeSet<Vec<String>> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .of
            .keys()
            .map(|file| (&**file, self.reached(file)))
            .collect();
        let circle_of = |file: &&str| {
            let back = |other: &&&str| reached[**other].contains(file);
            let others = reached[*file].iter().filter(back);
            others.map(|other| (*other).to_owned()).collect::<Vec<_>>()
        };
        let circles = reached.keys().map(circle_of);
        circles.filter(|circle| !circle.is_empty()).collect()
    }

    /// Every file that this one imports, directly or through others.
    fn reached(&self, file: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            for next in self.of.get(file).into_iter().flatten() {
                if reached.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        reached
    }
}

fn module_of(source: &Source) -> Module {
    let module = source.module().into_iter().filter(|name| *name != "lib");
    module.map(str::to_owned).collect()
}
