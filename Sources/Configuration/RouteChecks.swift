import Bytes
import Policy

/// Compiles the routes, as every worker does.
struct RouteChecks {
    let report: Report

    func apply(to routes: [RouteOptions]) {
        do throws(RouteFailure) {
            _ = try RouteTable(routes)
        } catch {
            for problem in error.problems {
                report.error(problem.position, problem.message, problem.remedy)
            }
        }
        for problem in RouteTable.warnings(routes) {
            report.warning(problem.position, problem.message, problem.remedy)
        }
    }
}
