import Reports

/// The question that every service asks: under which number the sender knows the report.
///
/// A stock FixMyStreet sends its own number only where a definition has this code, and that number is
/// what makes its resends harmless (GR-13.4, GR-18.6). Nobody has to answer it, and FixMyStreet does
/// so without asking (`automated`).
enum ForeignNumber {
    static let code = "fixmystreet_id"

    /// What clients that know nothing of it show, if they show it.
    static let description = [
        "bg": "Номер на сигнала във FixMyStreet (попълва се автоматично)",
        "en": "Number of the report in FixMyStreet (filled in automatically)",
        "sq": "Numri i raportit në FixMyStreet (plotësohet automatikisht)",
        "sr": "Број пријаве у систему FixMyStreet (попуњава се аутоматски)",
    ]
}

extension Attribute.Code {
    /// Whether it is the code of the sender's own number.
    var isForeignNumber: Bool {
        rawValue == ForeignNumber.code
    }
}
