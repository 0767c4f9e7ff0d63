import Reports

extension Calls {
    /// Who says that a report is theirs as well, by e-mail, account or device.
    package static func support(_ parameters: Parameters) throws(Fault) -> Supporter {
        var problems = Problems()
        var reader = TextReader(parameters)
        let person = Reporter(reading: &reader, &problems)
        try problems.check()
        if let supporter = Supporter(person) { return supporter }
        throw Fault(.malformed, "email, account_id or device_id was not provided (required)")
    }
}
