//! The whole table: role × act × unit × relation, asked through [`View::may`](crate::roster::View::may).

use std::fmt::Write as _;

use super::fixture::{World, terms, unit};
use crate::roster::authorize::pack::PACK;
use crate::roster::authorize::{Action, Actor, Refusal, Relation, Scope};

const COLUMNS: [(Option<&str>, Relation); 9] = [
    (Some("5W"), Relation::None),
    (Some("5W"), Relation::Addressed),
    (Some("5W"), Relation::Care),
    (Some("5W"), Relation::Emergency),
    (Some("6E"), Relation::None),
    (Some("6E"), Relation::Addressed),
    (Some("6E"), Relation::Care),
    (Some("6E"), Relation::Emergency),
    (None, Relation::None),
];

const HEAD: &str = "\
Each role is held for unit 5W. Columns: in 5W without relation, addressed, care, emergency; in 6E the same four; for
the organisation as a whole. x: permitted   u: refused, another unit   r: refused, no relation   .: no role permits it

";

#[test]
fn the_table_of_roles_acts_units_and_relations_is_the_published_one() {
    let mut world = World::found_now();
    let mut out = String::from(HEAD);
    for role in PACK {
        let device = world.member(role.name, Some("5W"), terms(role.id, Some("5W")));
        writeln!(out, "{}", role.name).unwrap();
        let view = world.roster.view().unwrap();
        for action in Action::ALL {
            let cell = |(place, relation): (Option<&str>, Relation)| {
                let scope = Scope::unit(place.map(unit).as_ref()).with(relation);
                match view.may(Actor::device(device.id), *action, &scope) {
                    Ok(()) => 'x',
                    Err(Refusal::OutsideUnit) => 'u',
                    Err(Refusal::NoRelation) => 'r',
                    Err(Refusal::NoRole) => '.',
                    Err(other) => panic!("{action:?}: {other:?}"),
                }
            };
            let cells: String = COLUMNS.map(cell).iter().collect();
            if cells.contains(|c| c != '.') {
                let (near, rest) = cells.split_at(4);
                let (far, whole) = rest.split_at(4);
                writeln!(
                    out,
                    "  {near} {far} {whole}  {:>2} {}",
                    action.code(),
                    action.name()
                )
                .unwrap();
            }
        }
    }
    let golden = include_str!("../golden/reach.txt");
    assert!(out == golden, "golden/reach.txt should be:\n{out}");
}
