import Reports

extension Calls {
    /// What is to be erased of a report: `parts`, a list with commas; without it, contact data.
    package static func erasure(_ parameters: Parameters) throws(Fault) -> Erasure {
        guard let text = try parameters.value("parts"), !text.isEmpty else { return .contact }
        if let erasure = Erasure(parsing: text) { return erasure }
        let known = Erasure.Part.allCases.map(\.rawValue).joined(separator: ", ")
        throw Fault(.malformed, "parts is not a list of \(known).")
    }
}
