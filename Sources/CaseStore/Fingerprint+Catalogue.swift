import Reports

extension Fingerprint {
    /// Everything of a jurisdiction that its clients can see in service list and definitions.
    ///
    /// Limits that only say how we answer searches are not part of it: no client need fetch the
    /// catalogue again because of them.
    mutating func add(_ jurisdiction: Jurisdiction) {
        add(jurisdiction.id.rawValue)
        add(jurisdiction.slug.rawValue)
        add(jurisdiction.aliases.map(\.rawValue))
        add(jurisdiction.name)
        add(jurisdiction.contact)
        add(jurisdiction.languages.map(\.rawValue))
        add(jurisdiction.timeZone)
        add(jurisdiction.boundary)
        add(number: Int64(jurisdiction.services.count))
        for service in jurisdiction.services { add(service) }
    }

    private mutating func add(_ boundary: Boundary?) {
        guard let boundary else { return add(number: -1) }
        add(number: Int64(boundary.polygons.count))
        for polygon in boundary.polygons {
            add(number: Int64(polygon.count))
            for ring in polygon {
                add(number: Int64(ring.count))
                for point in ring {
                    add(point.latitude)
                    add(point.longitude)
                }
            }
        }
    }

    private mutating func add(_ service: Service) {
        add(service.code.rawValue)
        add(service.name)
        add(service.description)
        add(service.group)
        for group in service.otherGroups { add(group) }
        add(service.keywords)
        switch service.answersWith {
        case .realtime: add("realtime")
        case .batch(let delay):
            add("batch")
            add(delay / .seconds(1))
        }
        add(service.visibility.rawValue)
        add(service.notice)
        add(service.agency)
        add(number: Int64(service.attributes.count))
        for attribute in service.attributes { add(attribute) }
    }

    private mutating func add(_ attribute: Attribute) {
        add(attribute.code.rawValue)
        add(attribute.datatype.name)
        add(attribute.purpose.name)
        add(attribute.question)
        add(attribute.hint)
        let values = attribute.datatype.values ?? []
        add(number: Int64(values.count))
        for value in values {
            add(value.key)
            add(value.name)
        }
    }
}

extension Attribute.Datatype {
    fileprivate var name: String {
        switch self {
        case .string: "string"
        case .number: "number"
        case .datetime: "datetime"
        case .text: "text"
        case .singleValueList: "singlevaluelist"
        case .multiValueList: "multivaluelist"
        }
    }
}

extension Attribute.Purpose {
    fileprivate var name: String {
        switch self {
        case .information: "information"
        case .optional: "optional"
        case .required: "required"
        }
    }
}
