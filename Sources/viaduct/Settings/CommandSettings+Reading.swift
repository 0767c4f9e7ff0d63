import Command
import Federation
import Ways

extension CommandSettings {
    /// What a peer's file says of a program: its path as `address`, the rest below `command`
    /// (`Adapters/Command/README.md`).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        guard let program = entry.address.text(&entry.findings) else { return nil }
        guard program.hasPrefix("/") else {
            entry.findings.add("needs the path of a program, from the root", at: entry.address)
            return nil
        }
        var settings = CommandSettings(key: entry.apiKey?.value)
        settings.resend =
            entry.own?.optional("resend")?
            .choice(of: AdapterTraits.Resend.allCases.map(\.rawValue), &entry.findings)
            .flatMap(AdapterTraits.Resend.init) ?? settings.resend
        settings.sendsPictures =
            entry.own?.optional("pictures")?.choice(of: ["addresses", "files"], &entry.findings)
            == "files"
        let arguments = entry.own?.optional("arguments")?.list(&entry.findings)
            .compactMap { $0.text(&entry.findings) }
        let way = ProgramWay(
            ProgramWay.Settings(
                command: [program] + (arguments ?? []),
                directory: entry.own?.optional("directory")?.text(&entry.findings) ?? "/",
                variables: entry.apiKey.map { ["VIADUCT_API_KEY": $0.value] } ?? [:],
                patience: entry.own?.optional("patience")?
                    .duration(from: .seconds(1), upTo: .seconds(600), &entry.findings)
                    ?? .seconds(30)))
        return AdapterChoice(address: program, way: .own { way.wire() }, words: PeerWords()) {
            [settings] _ in CommandAdapter(settings)
        }
    }
}
