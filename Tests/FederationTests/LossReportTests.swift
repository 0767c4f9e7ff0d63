import Federation
import Reports
import Testing

@Suite struct `A loss report` {
    private func peer(
        _ flow: Peer.Flow, _ mapping: Mapping = Mapping(), privacy: Peer.Privacy = Peer.Privacy()
    ) throws -> Peer {
        Peer(
            name: try #require(Peer.Name(rawValue: "roads")),
            authority: try #require(Authority(rawValue: "roads")), flow: flow, mapping: mapping,
            privacy: privacy)
    }

    private func code(_ text: String) throws -> Service.Code {
        try #require(Service.Code(rawValue: text))
    }

    private func pothole() throws -> Service {
        let depth = Attribute(
            code: try #require(Attribute.Code(rawValue: "DEPTH")), datatype: .string,
            purpose: .required, question: Localized([:]))
        return Service(
            code: try code("POTHOLE"), name: Localized([:]), group: Localized([:]),
            attributes: [depth])
    }

    private let everything = AdapterTraits(
        resend: .idempotent, carries: Set(AdapterTraits.Feature.allCases))

    @Test func `is empty where everything goes across`() throws {
        let service = try pothole()
        var mapping = Mapping(servicesOut: [service.code: "12"])
        mapping.questions[service.attributes[0].code] = Mapping.Question(code: "depth")
        let said = PeerReport(software: "x", services: ["12"], required: ["12": ["depth"]])
        let report = LossReport(
            of: try peer([.reportsOut, .updatesIn], mapping), traits: everything,
            services: [service], said: said)
        #expect(report.losses == [] && report.obstacles == [])
    }

    @Test func `tells what keeps reports from going`() throws {
        let service = try pothole()
        let traits = AdapterTraits(resend: .lookup, carries: [.media, .erasure])
        let flow: Peer.Flow = [.reportsOut, .updatesOut]
        let unmapped = LossReport(of: try peer(flow), traits: traits, services: [service])
        #expect(
            unmapped.obstacles == [
                "reports_out: this kind of peer takes no reports",
                "updates_out: this kind of peer takes no updates",
                "POTHOLE is mapped to no service of the peer",
            ])
        let mapping = Mapping(servicesOut: [service.code: "12"])
        let said = PeerReport(
            software: "x", services: ["13"], required: ["12": ["depth"]],
            obstacles: ["our key is not accepted"])
        let mapped = LossReport(
            of: try peer([.reportsOut], mapping), traits: everything, services: [service],
            said: said)
        #expect(
            mapped.obstacles == [
                "POTHOLE goes to 12, which the peer does not list",
                "POTHOLE goes to 12, which wants an answer to depth", "our key is not accepted",
            ])
        #expect(mapped.losses == ["POTHOLE: what is answered to DEPTH stays here"])
    }

    @Test func `tells what is left behind`() throws {
        let traits = AdapterTraits(resend: .none, carries: [.reports, .updates, .media])
        var mapping = Mapping()
        for detail in Detail.allCases { mapping.statusesOut[detail] = detail.rawValue }
        mapping.statusesOut[.planned] = "open"
        let privacy = Peer.Privacy(allowed: [.contact], purpose: "to ask back")
        let report = LossReport(
            of: try peer([.reportsOut, .updatesOut, .updatesIn], mapping, privacy: privacy),
            traits: traits, services: [])
        #expect(report.obstacles == [])
        #expect(
            report.losses == [
                "of several pictures the first one is one there, the others are addresses",
                "a title becomes a part of the text",
                "where a report began is not told: what comes back is known by its words",
                "the reporter's data does not go across, though it may",
                "OPEN, PLANNED are all told as open",
                "it tells of a status only whether it is open or closed",
                "a delivery without an answer cannot be looked up there: a person decides",
                "what is erased here cannot be told there: the delivery is refused, "
                    + "and staff must ask whoever runs the peer",
            ])
    }
}
