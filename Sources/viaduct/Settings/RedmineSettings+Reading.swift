import Federation
import Redmine

extension RedmineSettings {
    /// What a peer's file says of a Redmine: below `redmine` the project, the tracker and the numbers
    /// of custom fields (its README).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        let address = entry.base()
        if entry.apiKey == nil {
            entry.findings.add(
                "is missing; write the file with the account's API access key",
                line: entry.address.line, key: "api_key_file")
        }
        guard var own = entry.own else {
            entry.findings.add(
                "is missing; write project, tracker and fields below it",
                line: entry.address.line, key: "redmine")
            return nil
        }
        let project = own.required("project", "its identifier or number", &entry.findings)?
            .text(&entry.findings)
        let tracker = own.required("tracker", "the tracker's number", &entry.findings)?
            .integer(in: numbers, &entry.findings)
        let fields = own.required(
            "fields", "the numbers of custom fields, at least external_id", &entry.findings
        ).flatMap { self.fields($0, &entry.findings) }
        entry.own = own
        guard let address, let key = entry.apiKey, let project, let tracker, let fields else {
            return nil
        }
        let settings = RedmineSettings(
            address: address, apiKey: key.value, project: project, tracker: tracker,
            fields: fields, flow: entry.flow, polling: entry.polling)
        return AdapterChoice(address: address, words: PeerWords()) { _ in
            RedmineAdapter(settings)
        }
    }

    private static let numbers = 1...Int(Int32.max)

    private static func fields(_ entry: Entry, _ findings: inout Findings) -> Fields? {
        guard var keys = entry.keys(&findings) else { return nil }
        let reference = keys.required(
            "external_id", "the number of the field that holds our id", &findings)
        func number(_ name: String) -> Int? {
            keys.optional(name)?.integer(in: numbers, &findings)
        }
        guard let externalID = reference?.integer(in: numbers, &findings) else { return nil }
        let fields = Fields(
            externalID: externalID, latitude: number("latitude"), longitude: number("longitude"),
            address: number("address"), service: number("service"), contact: number("contact"))
        keys.finish(&findings)
        return fields
    }
}
