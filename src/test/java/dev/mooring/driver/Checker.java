package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks, when all is over, for what the history of a run refutes: each attribute is a linearizable {@link Register};
 * nothing happens to a session after its end; no session is gone that nobody ended; the sockets of an ended session
 * close, with the right code and in time; {@code sessionDestroyed} runs once.
 */
final class Checker {

    /**
     * How long a socket may be open after the end of its session: a second, and one for a machine with few processors.
     */
    static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private static final String SESSION_ENDED = "1008";

    private final List<Window> windows;
    private final List<Violation> violations = new ArrayList<>();

    private Checker(List<Window> windows) {
        this.windows = windows;
    }

    /**
     * Checks a history.
     *
     * @param history all operations of the run
     * @param windows when something was broken on purpose
     * @param destroyed how often {@code sessionDestroyed} ran for each session, on nodes that were not killed and on
     *     nodes that were; null where it was not recorded
     */
    static List<Violation> check(
            Collection<Operation> history, List<Window> windows, @Nullable Map<Integer, Destroyed> destroyed) {
        Checker checker = new Checker(windows);
        Map<Integer, List<Operation>> sessions =
                history.stream().collect(Collectors.groupingBy(Operation::session, TreeMap::new, Collectors.toList()));
        sessions.forEach((session, operations) -> {
            checker.checkRegisters(session, operations);
            checker.checkLife(session, operations);
            checker.checkSockets(session, operations);
            if (destroyed != null) {
                checker.checkListeners(session, operations, destroyed.getOrDefault(session, new Destroyed(0, 0)));
            }
        });
        if (destroyed != null && destroyed.containsKey(DriverCluster.NOBODY)) {
            checker.violations.add(Violation.of(
                    Violation.Kind.NOT_DESTROYED, "sessionDestroyed ran and found no attributes", List.of()));
        }
        return checker.violations;
    }

    /**
     * How often {@code sessionDestroyed} ran for one session.
     *
     * @param here on nodes that were never killed
     * @param killed on nodes that were killed later
     */
    record Destroyed(int here, int killed) {
        Destroyed plus(Destroyed more) {
            return new Destroyed(here + more.here, killed + more.killed);
        }
    }

    private void checkRegisters(int session, List<Operation> operations) {
        operations.stream()
                .filter(operation -> operation.kind() == Kind.WRITE
                        || operation.kind() == Kind.READ
                        || operation.kind() == Kind.LAST_READ)
                .collect(Collectors.groupingBy(Operation::name, TreeMap::new, Collectors.toList()))
                .forEach((name, some) -> violations.addAll(Register.check("session " + session + " " + name, some)));
    }

    private void checkLife(int session, List<Operation> operations) {
        List<Operation> ends = operations.stream().filter(Checker::mayEnd).toList();
        // From the first of these on the session is known to be over.
        // While an end is under way, one node may know it before another.
        Operation over = operations.stream()
                .filter(operation -> operation.gone() || mayEnd(operation) && operation.ok())
                .min(Comparator.comparingLong(this::overAt))
                .orElse(null);
        if (over != null) {
            operations.stream()
                    .filter(operation -> operation.needsLife() && operation.ok() && operation.start() > overAt(over))
                    .findFirst()
                    .ifPresent(late -> violations.add(Violation.of(
                            Violation.Kind.RESURRECTION,
                            "session " + session + " went on after its end",
                            List.of(over, late))));
        }
        operations.stream()
                .filter(gone -> gone.gone() && ends.stream().noneMatch(end -> end.start() < gone.end()))
                .findFirst()
                .ifPresent(gone -> violations.add(Violation.of(
                        Violation.Kind.LOST_SESSION,
                        "session " + session + " is gone, and nobody had ended it",
                        withOpening(operations, gone))));
        operations.stream()
                .filter(operation -> operation.kind() == Kind.FORMER_ID && operation.ok())
                .forEach(operation -> violations.add(Violation.of(
                        Violation.Kind.FORMER_ID,
                        "session " + session + " is opened by an id that it has no longer",
                        List.of(operation))));
    }

    private long overAt(Operation operation) {
        return operation.kind() == Kind.END && operation.ok() ? operation.end() : inTime(operation.end());
    }

    private static List<Operation> withOpening(List<Operation> operations, Operation last) {
        List<Operation> history = new ArrayList<>(List.of(last));
        operations.stream()
                .filter(operation -> operation.ok() && operation.end() < last.start())
                .max(Comparator.comparingLong(Operation::end))
                .ifPresent(history::add);
        operations.stream()
                .filter(operation -> operation.kind() == Kind.RENAME && operation.start() < last.end())
                .max(Comparator.comparingLong(Operation::start))
                .ifPresent(history::add);
        return history;
    }

    /** Somebody may have ended the session by this. */
    private static boolean mayEnd(Operation operation) {
        return (operation.kind() == Kind.END || operation.kind() == Kind.EXPIRY)
                && operation.result() != Result.NOT_SENT
                && !operation.gone();
    }

    private void checkSockets(int session, List<Operation> operations) {
        List<Operation> ends = operations.stream().filter(Checker::mayEnd).toList();
        Operation ended = ends.stream()
                .filter(Operation::ok)
                .min(Comparator.comparingLong(Operation::end))
                .orElse(null);
        // A socket may have been broken with its node at any time since.
        long begun = operations.stream().mapToLong(Operation::start).min().orElse(0);
        for (Operation close : operations) {
            if (close.kind() != Kind.CLOSE) {
                continue;
            }
            if (ended != null && close.end() > inTime(ended.end())) {
                violations.add(Violation.of(
                        Violation.Kind.OPEN_SOCKET,
                        "session " + session + " has ended, and a socket of it is open",
                        List.of(ended, close)));
            } else if (close.value().equals(SESSION_ENDED)
                    && ends.stream().noneMatch(end -> end.start() < close.end())) {
                violations.add(Violation.of(
                        Violation.Kind.WRONG_CLOSE,
                        "session " + session + " lives, and a socket of it is closed with " + close.value(),
                        List.of(close)));
            } else if (ended != null
                    && ended.end() < close.start()
                    && !close.value().equals(SESSION_ENDED)
                    && !close.value().equals(Operation.STILL_OPEN)
                    && windows.stream().noneMatch(window -> window.start() < close.end() && window.end() > begun)) {
                violations.add(Violation.of(
                        Violation.Kind.WRONG_CLOSE,
                        "session " + session + " has ended, and a socket of it is closed with " + close.value(),
                        List.of(ended, close)));
            }
        }
    }

    /** Until when what follows from {@code moment} must be done: what is broken then must be whole again first. */
    private long inTime(long moment) {
        long limit = moment + CLOSE_LIMIT.toNanos();
        for (Window window : windows) {
            if (window.start() < limit && window.end() > moment) {
                limit = Math.max(limit, window.end() + CLOSE_LIMIT.toNanos());
            }
        }
        return limit;
    }

    private void checkListeners(int session, List<Operation> operations, Destroyed destroyed) {
        List<Operation> ends = operations.stream().filter(Checker::mayEnd).toList();
        int times = destroyed.here + destroyed.killed;
        if (destroyed.here > 1) {
            violations.add(Violation.of(
                    Violation.Kind.DESTROYED_AGAIN,
                    "sessionDestroyed ran " + times + " times for session " + session,
                    ends));
        } else if (times > 0
                && ends.isEmpty()
                // One whose first response was a 503 ends with it.
                && operations.stream().anyMatch(operation -> operation.kind() == Kind.OPEN && operation.ok())) {
            violations.add(Violation.of(
                    Violation.Kind.DESTROYED_ALIVE,
                    "sessionDestroyed ran for session " + session + ", which nobody ended",
                    ends));
        } else if (times == 0 && ends.stream().anyMatch(Operation::ok)) {
            violations.add(Violation.of(
                    Violation.Kind.NOT_DESTROYED, "sessionDestroyed never ran for session " + session, ends));
        }
    }
}
