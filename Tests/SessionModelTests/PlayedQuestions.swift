import HTTPCore
import Sessions

// What the core has a word in.
extension PlayedWorker {
    private static let dropped = SessionRefusal(reason: .revoked, answer: .unauthorised)

    func isDropped(_ handle: [UInt8]) -> Bool {
        revoked.contains(revoked.fingerprint(handle.span))
    }

    func askOwner(_ request: ModelRequest, _ child: ChildToken) {
        guard !child.isCookieBorne || admits(request, child.antiCSRFToken) else {
            authorize(
                request,
                .refused(SessionRefusal(reason: .antiCSRF, answer: .tryRefreshToken))
            )
            return
        }
        guard !isDropped(child.handle) else {
            authorize(request, .refused(Self.dropped))
            return
        }
        request.state = .awaitingCore
        output.steps.append((request, .awaitsOwner))
        let isFirst = children[child.token] == nil
        children[child.token, default: []].append(request)
        guard isFirst else { return }
        let owner = Self.owner(
            of: ModelTokens.mark(child.token, endingAt: child.token.count),
            workers
        )
        guard owner != index else {
            childWanted(child, by: index)
            return
        }
        output.mail.append((owner, .childWanted(child, by: index)))
    }

    func awaitDatabase(_ request: ModelRequest, _ session: SessionReference) {
        request.state = .awaitingCore
        output.steps.append((request, .awaitsDatabase))
        let question = request.generation.authenticator.databaseCheck(session)
        let (id, actions) = client.ask(question, now: time)
        note(id, question, isDatabase: true)
        checks[id, default: []].append(request)
        checkedHandles[id] = request.generation.authenticator.copiedHandle(session)
        perform(actions)
    }

    func databaseChecked(_ request: ModelRequest, _ session: SessionReference) {
        let answer = request.coreAnswer.take() ?? .unreachable(.unreachable)
        let generation = request.generation
        request.session = nil
        let outcome = generation.authenticator.checked(
            session,
            answer,
            isSeedEra: false,
            wallMilliseconds: wall
        )
        guard case .session(let held) = outcome else {
            authorize(request, outcome)
            return
        }
        request.session = held
        if isDropped(generation.authenticator.copiedHandle(held)) {
            authorize(request, .refused(Self.dropped))
            return
        }
        if let mark = request.askedMark { generation.authenticator.confirm(held, mark: mark) }
        authorize(request, .session(held))
    }

    func sessionEnded(_ handle: [UInt8]) {
        drop(handle)
        owned.drop(handle: handle)
    }

    func drop(_ handle: [UInt8]) {
        let session = RevokedSession(
            fingerprint: revoked.fingerprint(handle.span),
            instant: wall
        )
        revoked.drop(session)
        output.dropped.append((session, session: Int(handle[1]) - 0x30))
    }

    static func owner(of mark: UInt64, _ workers: Int) -> Int { Int(mark & 1) % workers }

    func childWanted(_ child: ChildToken, by worker: Int) {
        // Known here before control has told the others.
        guard !isDropped(child.handle) else {
            tell(worker, child.token, .ended)
            return
        }
        switch owned.wanted(child.token, by: worker, wallMilliseconds: wall) {
        case .wait: break
        case .answer(let answer): tell(worker, child.token, answer)
        case .ask:
            let (id, actions) = client.ask(child.question, now: time)
            note(id, child.question, isDatabase: false)
            ownedQuestions[id] = child
            perform(actions)
        }
    }

    func tell(_ worker: Int, _ token: [UInt8], _ answer: CoreAnswer) {
        if worker == index {
            childAnswered(token, answer)
        } else {
            output.mail.append((worker, .childAnswered(token, answer)))
        }
    }

    func childAnswered(_ token: [UInt8], _ answer: CoreAnswer) {
        for request in children.removeValue(forKey: token) ?? [] { wake(request, answer) }
    }

    func wake(_ request: ModelRequest, _ answer: CoreAnswer) {
        guard request.state == .awaitingCore else { return }
        request.coreAnswer = answer
        request.evidence = answer
        resume(request)
    }
}

// What comes back from it.
extension PlayedWorker {
    func coreAnswered(_ id: UInt64, _ answer: (status: UInt16, body: [UInt8])?) {
        guard let answer else {
            perform(client.failed(request: id, now: time))
            return
        }
        perform(
            client.answered(
                request: id,
                status: answer.status,
                body: answer.body.span,
                now: time
            )
        )
    }

    func note(_ id: UInt64, _ question: CoreQuestion, isDatabase: Bool) {
        guard case .verify(let token, _, _) = question, !open.contains(where: { $0.id == id })
        else { return }
        let mark = ModelTokens.mark(token, endingAt: token.count)
        open.append((id, mark, isDatabase, isSent: false))
    }

    /// Whether a request is one of a look into the database: an old core is not told.
    func isDatabase(_ request: KeyFetcher.CoreRequest) -> Bool {
        guard let end = PlayedCore.tokenEnd(request) else { return false }
        let mark = ModelTokens.mark(request.body, endingAt: end)
        guard let place = open.firstIndex(where: { $0.mark == mark && !$0.isSent }) else {
            return false
        }
        open[place].isSent = true
        return open[place].isDatabase
    }

    func perform(_ actions: [CoreClient.Action]) {
        for action in actions {
            switch action {
            case .send(let request):
                output.coreRequests.append((request, isDatabase: isDatabase(request)))
            case .answer(let id, let answer):
                open.removeAll { $0.id == id }
                let child = ownedQuestions.removeValue(forKey: id)
                output.answers.append((child, answer))
                if let child {
                    if answer == .ended { sessionEnded(child.handle) }
                    let waiting = owned.answered(
                        child.token,
                        answer,
                        handle: child.handle,
                        expiry: child.expiry
                    )
                    for worker in waiting { tell(worker, child.token, answer) }
                }
                if let handle = checkedHandles.removeValue(forKey: id), answer == .ended {
                    sessionEnded(handle)
                }
                for request in checks.removeValue(forKey: id) ?? [] { wake(request, answer) }
            }
        }
    }
}
