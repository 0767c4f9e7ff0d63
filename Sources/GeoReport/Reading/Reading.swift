/// Reads GeoReport documents of other servers and of files, tolerant of what those really write
/// (GR-11.3, GR-14, GR-17).
package enum Reading {
    /// Any document as one tree, equal for an XML and a JSON answer that say the same.
    ///
    /// Texts are as they stood; what is JSON is as it was written.
    package static func tree(
        _ bytes: [UInt8], as format: Format, limits: ReadingLimits = .answer
    ) throws(ReadingError) -> JSONValue {
        try Tree.document(bytes, as: format, limits: limits).value
    }

    /// The name of an XML document's root element.
    package static func root(_ bytes: [UInt8]) throws(ReadingError) -> String {
        try Tree.element(bytes, limits: .answer).name
    }

    /// The reports of a list, each one read by itself, so that a bad one costs nobody else.
    package static func reports(
        _ bytes: [UInt8], as format: Format, limits: ReadingLimits = .answer
    ) throws(ReadingError) -> [Result<ReadReport, RowProblem>] {
        guard format != .csv else { return try bulk(bytes) }
        let rows = try objects(
            bytes, as: format, limits: limits, "reports", identifiedBy: "service_request_id",
            in: reportWrappers)
        return rows.enumerated().map { index, row in
            let properties = row.value["properties"]
            let fields = Fields(properties ?? row.value, isPadded: row.isPadded)
            do throws(Fields.Mistake) {
                return .success(try ReadReport(fields))
            } catch {
                return .failure(RowProblem(row: index + 1, problem: error.problem))
            }
        }
    }

    /// What lists of reports are wrapped in.
    static let reportWrappers = [
        "service_requests", "requests", "request", "service_request", "features", "data",
    ]

    /// A list of services; a service without a code makes the whole list useless, because nobody
    /// could tell which one is missing.
    package static func services(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> [ReadService] {
        let rows = try objects(
            bytes, as: format, limits: .answer, "services", identifiedBy: "service_code",
            in: ["services", "service", "data"])
        var services: [ReadService] = []
        for (index, row) in rows.enumerated() {
            guard let service = ReadService(row) else {
                throw .unexpected("service \(index + 1) has no service_code")
            }
            services.append(service)
        }
        return services
    }

    /// The questions of a service.
    package static func definition(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> ReadDefinition {
        let document = try answer(bytes, as: format, limits: .answer)
        var value = document.value
        if let wrapped = value["service_definition"] { value = wrapped }
        // An early server put the attributes beside nothing else, and answered a list.
        if case .array(let elements) = value, let first = elements.first { value = first }
        guard value.members != nil, document.root.map({ $0 == "service_definition" }) ?? true else {
            throw .unexpected("this is no service definition")
        }
        let fields = Fields(value, isPadded: document.root != nil)
        guard let definition = ReadDefinition(fields) else {
            throw .unexpected("an attribute has no code")
        }
        return definition
    }

    /// What a POST, or a token, was answered with.
    package static func receipt(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> ReadReceipt {
        let rows = try objects(
            bytes, as: format, limits: .answer, "a receipt", identifiedBy: "token",
            in: ["service_requests", "requests", "request", "service_request"])
        guard let row = rows.first else { throw .unexpected("there is no receipt in the answer") }
        return ReadReceipt(row)
    }

    /// Where a server's endpoints are.
    package static func discovery(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> ReadDiscovery {
        let document = try answer(bytes, as: format, limits: .answer)
        let value = document.value["discovery"] ?? document.value
        guard value["endpoints"] != nil else {
            throw .unexpected("this is no discovery document")
        }
        return ReadDiscovery(Fields(value, isPadded: document.root != nil))
    }

    /// The errors of an answer, or none if it is no errors document.
    package static func faults(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> [ReadFault] {
        faults(in: try Tree.document(bytes, as: format, limits: .answer)) ?? []
    }
}

extension Reading {
    /// A document that is no errors document, whatever its status was (GR-10).
    static func answer(
        _ bytes: [UInt8], as format: Format, limits: ReadingLimits = .answer
    ) throws(ReadingError) -> Tree.Document {
        let document = try Tree.document(bytes, as: format, limits: limits)
        if let faults = faults(in: document) { throw .refused(faults) }
        if document.root == "html" { throw .unexpected("this is a web page") }
        return document
    }

    /// The objects of a list: bare, wrapped, or one where a list of one is meant.
    static func objects(
        _ bytes: [UInt8], as format: Format, limits: ReadingLimits, _ kind: String,
        identifiedBy id: String, in wrappers: [String], zone: ServerZone = .utc
    ) throws(ReadingError) -> [Fields] {
        let document = try answer(bytes, as: format, limits: limits)
        let isForeign = document.root.map { Tree.containers.contains($0) && !wrappers.contains($0) }
        guard isForeign != true, let rows = rows(of: document.value, id, wrappers) else {
            throw .unexpected("this is not \(kind)")
        }
        return rows.map { Fields($0, isPadded: document.root != nil, zone: zone) }
    }

    private static func rows(
        of value: JSONValue, _ id: String, _ wrappers: [String]
    ) -> [JSONValue]? {
        switch value {
        case .array(let elements): return elements
        // A literal reading of Spark makes an empty list null.
        case .null: return []
        case .object:
            if value[id] != nil || value["service_request_id"] != nil { return [value] }
            for wrapper in wrappers {
                if let inner = value[wrapper] { return rows(of: inner, id, wrappers) }
            }
            return nil
        case .string, .number, .bool: return nil
        }
    }

    private static func faults(in document: Tree.Document) -> [ReadFault]? {
        let roots = ["errors", "error", "error_messages"]
        if let root = document.root, roots.contains(root) { return faults(of: document.value) }
        switch document.value {
        case .array(let elements):
            guard let first = elements.first, isFault(first) else { return nil }
            return faults(of: document.value)
        case .object where isFault(document.value):
            return faults(of: document.value)
        case .object:
            for name in roots {
                if let inner = document.value[name] { return faults(of: inner) }
            }
            return nil
        case .string, .number, .bool, .null: return nil
        }
    }

    private static func isFault(_ value: JSONValue) -> Bool {
        value["code"] != nil && value["service_request_id"] == nil
            && (value["description"] ?? value["message"]) != nil
    }

    private static func faults(of value: JSONValue) -> [ReadFault] {
        switch value {
        case .array(let elements): return elements.flatMap(faults(of:))
        case .object:
            let fields = Fields(value, isPadded: true)
            let code = fields.word("code").flatMap(Calls.wholeNumber)
            return [
                ReadFault(code: code, description: fields.text("description", "message") ?? "")
            ]
        case .string(let text): return [ReadFault(code: nil, description: text)]
        case .number, .bool, .null: return []
        }
    }
}
