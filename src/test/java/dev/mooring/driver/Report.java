package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import dev.mooring.driver.Window.Fault;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What a run did, and what it refuted.
 *
 * @param mode what the nodes use
 * @param plan what was to be done
 * @param history all operations, in order of their start
 * @param windows what was broken
 * @param violations what must not be
 * @param seconds how long the work took
 */
record Report(
        Mode mode,
        Plan plan,
        List<Operation> history,
        List<Window> windows,
        List<Violation> violations,
        double seconds) {

    private static final int LINES_EACH = 4;

    /** A worker that asks nothing for so long has been waiting for something else. */
    private static final long PAUSE_NANOS = 1_000_000_000;

    /** How often something was found that must not be. */
    long count(Violation.Kind kind) {
        return violations.stream().filter(violation -> violation.kind() == kind).count();
    }

    /** How many operations of a kind were answered, and done. */
    long done(Kind kind) {
        return count(operation -> operation.kind() == kind && operation.ok());
    }

    private long count(Predicate<Operation> which) {
        return history.stream().filter(which).count();
    }

    /** The part of the operations that were answered, of those outside of any fault; 1 where there are none. */
    double answeredInCalm() {
        Predicate<Operation> calm = operation -> windows.stream().noneMatch(window -> window.meets(operation));
        long all = count(calm);
        return all == 0 ? 1 : (double) count(calm.and(operation -> operation.ok() || operation.gone())) / all;
    }

    /**
     * The longest that somebody waited for the next answer of nodes that were not broken themselves, by what was
     * broken: from the first question that was not answered, or from the one that was answered late. Who asked nothing
     * for a while, since the driver itself waited for something, does not know. In milliseconds.
     */
    Map<Fault, Long> interruptions() {
        Map<Fault, Long> longest = new EnumMap<>(Fault.class);
        Map<Integer, List<Operation>> byWorker = history.stream().collect(Collectors.groupingBy(Operation::worker));
        for (Window window : windows) {
            long worst = 0;
            for (List<Operation> operations : byWorker.values()) {
                worst = Math.max(worst, interruption(window, operations));
            }
            longest.merge(window.fault(), worst / 1_000_000, Math::max);
        }
        return longest;
    }

    private static long interruption(Window window, List<Operation> operations) {
        long worst = 0;
        Map<Integer, Long> since = new HashMap<>();
        long lastAnswer = Long.MAX_VALUE;
        for (Operation operation : operations) {
            if (operation.kind() == Kind.CLOSE || operation.kind() == Kind.EXPIRY) {
                continue;
            }
            if (operation.start() - PAUSE_NANOS > lastAnswer) {
                since.clear();
            }
            lastAnswer = operation.answered();
            if (!window.meets(operation)
                    || operation.node() == window.node()
                    || operation.result() == Result.NOT_SENT) {
                continue;
            }
            long begun = since.computeIfAbsent(operation.session(), session -> operation.start());
            if (operation.ok() || operation.gone()) {
                worst = Math.max(worst, operation.answered() - begun);
                since.remove(operation.session());
            }
        }
        return worst;
    }

    /** The first violations of each kind, each with its history, and one line for each kind of fault. */
    Collection<String> lines() {
        Map<Violation.Kind, List<Violation>> byKind =
                violations.stream().collect(Collectors.groupingBy(Violation::kind));
        List<String> lines = byKind.values().stream()
                .flatMap(some -> some.stream().limit(LINES_EACH))
                .map(violation -> violation + when(violation))
                .collect(Collectors.toList());
        windows.forEach(window -> lines.add(String.format(
                Locale.ROOT,
                "%s of %s from %.2f to %.2f s",
                window.fault(),
                window.node() < 0 ? "a server" : "node-" + window.node(),
                secondsAt(window.start()),
                secondsAt(window.end()))));
        interruptions()
                .forEach((fault, millis) -> lines.add(String.format(
                        Locale.ROOT,
                        "%s, %d times: longest interruption elsewhere %d ms",
                        fault,
                        windows.stream()
                                .filter(window -> window.fault() == fault)
                                .count(),
                        millis)));
        return lines;
    }

    private String when(Violation violation) {
        return violation.history().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%n    the first of these begins at %.2f s",
                        secondsAt(violation.history().get(0).start()));
    }

    private double secondsAt(long nanoTime) {
        return history.isEmpty() ? 0 : (nanoTime - history.get(0).start()) / 1e9;
    }

    /** All counts in one line. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "driver %s seed %d: %d operations in %.1f s (%d by WebSocket): %d writes, %d reads, %d id changes, %d ends,"
                        + " %d expiries, %d sockets; %d unknown, %d not sent, %.2f %% answered outside of %d faults;"
                        + " violations %s",
                mode,
                plan.seed(),
                history.size(),
                seconds,
                count(Operation::socket),
                done(Kind.WRITE),
                done(Kind.READ) + done(Kind.LAST_READ),
                done(Kind.RENAME),
                done(Kind.END),
                done(Kind.EXPIRY),
                done(Kind.UPGRADE),
                count(operation -> operation.result() == Result.UNKNOWN),
                count(operation -> operation.result() == Result.NOT_SENT),
                100 * answeredInCalm(),
                windows.size(),
                violations.isEmpty()
                        ? "0"
                        : violations.stream().collect(Collectors.groupingBy(Violation::kind, Collectors.counting())));
    }
}
