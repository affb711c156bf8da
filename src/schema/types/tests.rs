//! The whole asset is read, and well-known fields have their facts.

use super::{ListType, Number, Ty, all, get};

#[test]
fn every_line_of_the_asset_is_read() {
    let text = super::TEXT;
    let fields = text.lines().filter(|line| line.starts_with(' ')).count();
    assert_eq!(all().iter().map(|def| def.fields().len()).sum::<usize>(), fields);
    assert_eq!(all().len(), text.lines().count() - fields);
    assert!(all().iter().all(|def| get(def.name).is_some_and(|found| std::ptr::eq(found, def))), "sorted by name");
    assert!(all().iter().all(|def| def.fields().is_sorted_by_key(|field| field.name)));
}

#[test]
fn a_field_has_its_facts() {
    let container = get("io.k8s.api.core.v1.Container").unwrap();
    let ports = container.field("ports").unwrap();
    assert_eq!(ports.list, ListType::Map(&["containerPort", "protocol"]));
    assert_eq!((ports.merge_key, ports.strategies.merge), (Some("containerPort"), true));
    assert_eq!(ports.ty.structure().unwrap().go_name(), "v1.ContainerPort");
    assert!(container.field("Ports").is_none());
    let volume = get("io.k8s.api.core.v1.Volume").unwrap();
    assert_eq!(volume.field("emptyDir").unwrap().number, Number { inline: 2, own: 2 });
    let protocol = get("io.k8s.api.core.v1.ContainerPort").unwrap().field("protocol").unwrap();
    assert_eq!((protocol.default, protocol.values), (Some("\"TCP\""), &["SCTP", "TCP", "UDP"][..]));
    let quantity = get("io.k8s.apimachinery.pkg.api.resource.Quantity").unwrap();
    assert_eq!(quantity.scalar, Some(Ty::Quantity));
}
