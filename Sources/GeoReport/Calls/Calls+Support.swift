import Reports

extension Calls {
    /// Who says that a report is theirs as well: the best of e-mail, account and device, so that a
    /// person counts once.
    package static func support(_ parameters: Parameters) throws(Fault) -> Supporter {
        var problems = Problems()
        var reader = TextReader(parameters)
        let person = Reporter(reading: &reader, &problems)
        try problems.check()
        if let email = person.email { return Supporter(.email(email.lowercased())) }
        if let account = person.accountID { return Supporter(.account(account)) }
        if let device = person.deviceID { return Supporter(.device(device)) }
        throw Fault(.malformed, "email, account_id or device_id was not provided (required)")
    }
}
