import ArgumentParser
import Foundation
import GeoReport
import Reports

/// `viaduct import services`.
struct ImportServicesCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Takes a GeoReport catalogue into a jurisdiction's settings file.",
        discussion: """
            Reads the list of services in XML or JSON, and for each service with metadata its
            definition: services/CODE.xml beside the list, or LIST/CODE.xml, or (files only)
            LIST-CODE.xml. A file that is there keeps its other keys, comments, other languages and
            further services.

            Examples:
              viaduct import services https://city.example/open311/v2/services.xml \\
                --jurisdiction-file jurisdictions/city.yaml --language en
              viaduct import services services.json --jurisdiction-file jurisdictions/city.yaml
            """)

    @Argument(help: "A file, or the address of a list of services.")
    var source: String
    @Option(help: "The jurisdiction's file; it is made if it is not there.")
    var jurisdictionFile: String
    @Option(help: "The catalogue's language. Default: the file's first one, or en.")
    var language: String?
    @Option(help: "For a new file: the jurisdiction's id. Default: the file's name.")
    var id: String?
    @Option(help: "For a new file: the short name in addresses.")
    var slug: String?
    @Option(help: "For a new file: the jurisdiction's name.")
    var name: String?
    @Option(help: "For a new file: how people reach the operator.")
    var contact: String?
    @Option(help: "For a new file: a zone such as Europe/Berlin.")
    var timeZone = "UTC"

    func perform() async throws {
        let (read, definitions) = try await catalogue()
        guard !read.isEmpty else {
            throw CommandError(.data, "The list holds no service; nothing was changed.")
        }
        let isNew = !FileManager.default.fileExists(atPath: jurisdictionFile)
        let (file, problems) =
            isNew ? (nil, []) : JurisdictionFile.read(jurisdictionFile)
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        let held = file?.jurisdiction.services ?? []
        let spoken = try catalogueLanguage(file?.jurisdiction)
        let languages = file?.jurisdiction.languages ?? [spoken]
        var work = CatalogueImport(language: spoken, fallback: languages.first ?? spoken)
        let services = work.services(read, definitions: definitions, held: held)
        let text =
            isNew
            ? try newFile(services, languages)
            : try JurisdictionDraft(jurisdictionFile).text(services, over: held, languages)
        try JurisdictionDraft(jurisdictionFile).write(text)
        for remark in work.remarks { Terminal.note(remark) }
        let added = services.count { service in !held.contains { $0.code == service.code } }
        let changed = services.count { !held.contains($0) } - added
        Terminal.print(
            "\(jurisdictionFile): \(services.count) services: \(added) added, \(changed) changed.")
        if isNew { Terminal.note("Look at id, name, contact and time_zone in it.") }
    }

    private func catalogueLanguage(_ jurisdiction: Jurisdiction?) throws(CommandError) -> Language {
        guard let language else {
            return jurisdiction?.defaultLanguage ?? Language.english
        }
        guard let wanted = Language(rawValue: language),
            jurisdiction?.languages.contains(wanted) ?? true
        else {
            throw CommandError(
                .usage,
                "\(language) is not among the languages of \(jurisdictionFile); add it there.")
        }
        return wanted
    }

    private func newFile(_ services: [Service], _ languages: [Language]) throws -> String {
        let stem = ((jurisdictionFile as NSString).lastPathComponent as NSString)
            .deletingPathExtension
        let short = stem.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        let values: [(String, String)] = [
            ("id", id ?? stem), ("slug", slug ?? short),
            ("name", name ?? stem.prefix(1).uppercased() + stem.dropFirst()),
            ("contact", contact ?? "Set the contact in \(jurisdictionFile)"),
        ]
        var text =
            "# Its services were taken from \(ImportSource(source).name); edit as you like.\n"
        for (key, value) in values { text += key + ":" + YAMLText.value(value, indent: 2) + "\n" }
        text += "languages: [\(languages.map(\.rawValue).joined(separator: ", "))]\n"
        text += "time_zone: \(timeZone)\n\nservices:\n"
        return text + services.map(ServiceYAML(languages: languages).item).joined(separator: "\n")
    }

    /// The list of services, and the definitions of those that have one.
    private func catalogue() async throws -> ([ReadService], [String: ReadDefinition]) {
        switch ImportSource(source) {
        case .file(let path):
            let bytes = try ImportSource.read(path)
            let format = ImportSource.file(path).format(of: bytes)
            let places = DefinitionPlaces(list: path, format: format)
            return try await definitions(of: Reading.services(bytes, as: format)) { code in
                for place in places.files(of: code) {
                    guard let bytes = FileManager.default.contents(atPath: place) else { continue }
                    return (Array(bytes), format)
                }
                return nil
            }
        case .address(let address):
            return try await Fetcher.with(most: 32 << 20) { fetcher in
                let bytes = try await fetcher.get(address)
                let format = ImportSource.address(address).format(of: bytes)
                let places = DefinitionPlaces(list: address, format: format)
                return try await definitions(of: Reading.services(bytes, as: format)) { code in
                    for place in places.addresses(of: code) {
                        do {
                            return (try await fetcher.get(place), format)
                        } catch let error as FetchError where error.status == 404 {
                            continue
                        }
                    }
                    return nil
                }
            }
        }
    }

    private func definitions(
        of services: [ReadService], _ find: (String) async throws -> ([UInt8], Format)?
    ) async throws -> ([ReadService], [String: ReadDefinition]) {
        let progress = Progress("Definitions", total: services.count)
        var definitions: [String: ReadDefinition] = [:]
        for service in services {
            if service.hasMetadata, let (bytes, format) = try await find(service.code) {
                do throws(ReadingError) {
                    definitions[service.code] = try Reading.definition(bytes, as: format)
                } catch {
                    await progress.finish()
                    Terminal.note("\(service.code): the definition was left out. \(error.sentence)")
                }
            }
            await progress.advance(by: 1)
        }
        await progress.finish()
        return (services, definitions)
    }
}

extension Language {
    /// What a catalogue is written in unless somebody says otherwise.
    static var english: Language {
        guard let english = Language(rawValue: "en") else {
            preconditionFailure("en is a language")
        }
        return english
    }
}

/// Where the definition of a service may be, seen from the list of services.
struct DefinitionPlaces {
    /// The path or address of the list.
    let list: String
    let format: Format

    /// Beside a file: `services/CODE.xml`, `LIST/CODE.xml`, `LIST-CODE.xml`.
    func files(of code: String) -> [String] {
        let name = Self.encoded(code) + "." + format.rawValue
        let path = list as NSString
        let stem = path.deletingPathExtension
        let beside = path.deletingLastPathComponent
        return [
            (beside.isEmpty ? "" : beside + "/") + "services/" + name,
            stem + "/" + name, stem + "-" + name,
        ]
    }

    /// Under an address: `LIST/CODE.xml`, `services/CODE.xml`, `LIST-CODE.xml`, with its query.
    func addresses(of code: String) -> [String] {
        let query = list.drop { $0 != "?" }
        let path = String(list.prefix { $0 != "?" })
        let suffix = "." + format.rawValue
        let stem = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
        let beside = stem.lastIndex(of: "/").map { String(stem[...$0]) } ?? stem + "/"
        let name = Self.encoded(code) + suffix
        let stems = [stem + "/", beside + "services/"]
        let places = stems[0] == stems[1] ? [stems[0]] : stems + [stem + "-"]
        return places.map { $0 + name + query }
    }

    /// A code as one segment of a path.
    static func encoded(_ code: String) -> String {
        code.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.intersection(.ascii).union(
                CharacterSet(charactersIn: "-._~"))) ?? code
    }
}

extension CharacterSet {
    fileprivate static var ascii: CharacterSet { CharacterSet(charactersIn: "\u{20}"..."\u{7E}") }
}

/// A jurisdiction's file that is about to change.
struct JurisdictionDraft {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// The file's text with these services; written anew where its form allows nothing else.
    func text(
        _ services: [Service], over held: [Service], _ languages: [Language]
    ) throws -> String {
        let old = String(decoding: try ImportSource.read(path), as: UTF8.self)
        guard let cut = JurisdictionText(old) else {
            throw CommandError(
                .settings,
                "\(path): services: must be a list of `- code: …` items; write it so.")
        }
        let text = cut.replacing(services, held: held, languages: languages, aliases: .kept)
        if isFit(text) { return text }
        // A replaced service held an anchor that others point to.
        return cut.replacing(services, held: held, languages: languages, aliases: .resolved)
    }

    /// Puts the text in the file's place, if Viaduct itself can read it.
    func write(_ text: String) throws {
        let draft = path + ".part"
        do {
            try text.write(toFile: draft, atomically: false, encoding: .utf8)
        } catch {
            throw CommandError(.output, "\(draft) cannot be written; look at its directory.")
        }
        let (_, problems) = JurisdictionFile.read(draft)
        guard problems.isEmpty else {
            try? FileManager.default.removeItem(atPath: draft)
            throw CommandError(
                .settings,
                "\(path) was not changed, because this would be wrong in it:\n"
                    + problems.map(\.description).joined(separator: "\n"))
        }
        guard rename(draft, path) == 0 else {
            throw CommandError(.output, "\(path) cannot be written.")
        }
    }

    private func isFit(_ text: String) -> Bool {
        let draft = path + ".part"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        guard (try? text.write(toFile: draft, atomically: false, encoding: .utf8)) != nil else {
            return true
        }
        return JurisdictionFile.read(draft).1.isEmpty
    }
}
