import Mustache

/// The texts of mails, one file for each kind and language.
enum Templates {
    enum Kind: String, CaseIterable {
        case report, update
    }

    /// The text of a kind of mail; empty if a template is broken, which a test forbids.
    static func text(
        _ kind: Kind, in language: EmailLanguage, _ values: [String: Any]
    ) -> String {
        guard let bytes = files[kind]?[language],
            let template = try? MustacheTemplate(string: String(decoding: bytes, as: UTF8.self))
        else { return "" }
        return template.render(values)
    }

    private static let files: [Kind: [EmailLanguage: [UInt8]]] = [
        .report: [
            .bulgarian: PackageResources.report_bg_mustache,
            .albanian: PackageResources.report_sq_mustache,
            .serbian: PackageResources.report_sr_mustache,
            .english: PackageResources.report_en_mustache,
        ],
        .update: [
            .bulgarian: PackageResources.update_bg_mustache,
            .albanian: PackageResources.update_sq_mustache,
            .serbian: PackageResources.update_sr_mustache,
            .english: PackageResources.update_en_mustache,
        ],
    ]
}
