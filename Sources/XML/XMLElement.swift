/// One element of a document that has been read, with all that is in it.
///
/// Names are local names: what a prefix or a namespace adds is dropped, because no GeoReport document
/// needs it (GR-2.1).
package struct XMLElement: Sendable, Equatable {
    package var name: String
    package var attributes: [Attribute]
    package var children: [XMLElement]
    /// The element's own character data, in order and unescaped; `""` if that is only white space
    /// around children.
    package var text: String

    package init(
        _ name: String, attributes: [Attribute] = [], children: [XMLElement] = [],
        text: String = ""
    ) {
        self.name = name
        self.attributes = attributes
        self.children = children
        self.text = text
    }

    /// An attribute of an element, such as `nil="true"` (from `xsi:nil`) or `type="array"`.
    package struct Attribute: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The first child of this name.
    package func child(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// The value of the first attribute of this name.
    package func attribute(_ name: String) -> String? {
        attributes.first { $0.name == name }?.value
    }
}
