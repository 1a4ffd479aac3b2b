package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Checks whether the reads and writes of one attribute are those of a linearizable register, of which each value is
 * written once. Then the operations on one value follow each other in any order that explains the history, so each
 * value has a zone: from the first answer that proves it there to the start of the last operation that still finds it.
 * If that is a span of time (forward), no other value can have been there in it: no other forward zone may overlap it,
 * and no other value's operations may all lie within it. This is enough (Gibbons and Korach, Testing shared memories,
 * 1997), and takes no more time than sorting.
 *
 * <p>The promise is about writes that are finished: while one is under way, one node may show it already and another
 * not yet. So a read that began before its write was answered says only that the value is on its way, and no more is
 * asked of it. A write of an unknown fate is under way for ever.
 */
final class Register {

    /** What is read before the first write. */
    static final String NOTHING = "null";

    /** The operations on one value. */
    private static final class Zone {
        private final String value;
        private @Nullable Operation write;

        /** The one that was answered first. */
        private @Nullable Operation first;

        /** The one that was started last. */
        private @Nullable Operation last;

        Zone(String value) {
            this.value = value;
        }

        void add(Operation operation) {
            if (first == null || operation.end() < first.end()) {
                first = operation;
            }
            if (last == null || operation.start() > last.start()) {
                last = operation;
            }
        }

        long firstEnd() {
            return value.equals(NOTHING) || first == null ? Long.MIN_VALUE : first.end();
        }

        long lastStart() {
            return last == null ? Long.MIN_VALUE : last.start();
        }

        boolean isForward() {
            return firstEnd() < lastStart();
        }

        List<Operation> witnesses() {
            List<Operation> witnesses = new ArrayList<>();
            for (Operation operation : new Operation[] {write, first, last}) {
                if (operation != null) {
                    witnesses.add(operation);
                }
            }
            return witnesses;
        }
    }

    private final Map<String, Zone> zones = new LinkedHashMap<>();
    private final List<Violation> violations = new ArrayList<>();
    private final String subject;

    private Register(String subject) {
        this.subject = subject;
    }

    /**
     * Returns what no order of the operations explains; one violation for each value at most.
     *
     * @param subject names the attribute
     * @param operations its reads and writes, in any order
     */
    static List<Violation> check(String subject, List<Operation> operations) {
        Register register = new Register(subject);
        register.writes(operations);
        register.reads(operations);
        register.order();
        return register.violations;
    }

    private void writes(List<Operation> operations) {
        for (Operation operation : operations) {
            if (operation.kind() == Kind.WRITE && (operation.ok() || operation.result() == Result.UNKNOWN)) {
                Zone zone = zones.computeIfAbsent(operation.value(), Zone::new);
                if (zone.write != null) {
                    throw new IllegalArgumentException(subject + ": " + operation.value() + " is written twice");
                }
                zone.write = operation;
                zone.add(operation);
            }
        }
    }

    private void reads(List<Operation> operations) {
        Set<String> seen = new TreeSet<>();
        for (Operation operation : operations) {
            if (operation.kind() == Kind.WRITE || !operation.ok()) {
                continue;
            }
            String value = operation.value();
            seen.add(value);
            Zone zone = value.equals(NOTHING) ? zones.computeIfAbsent(value, Zone::new) : zones.get(value);
            Operation write = zone == null ? null : zone.write;
            if (zone == null || write != null && operation.isBefore(write)) {
                violations.add(Violation.of(
                        Violation.Kind.NEVER_WRITTEN,
                        subject + ": " + value + " was read before anybody wrote it",
                        write == null ? List.of(operation) : List.of(operation, write)));
            } else if (write == null || write.end() < operation.start()) {
                zone.add(operation);
            }
        }
        // What has no answer and nobody saw need not have been done.
        zones.values().removeIf(zone -> zone.write != null && !zone.write.ok() && !seen.contains(zone.value));
    }

    private void order() {
        List<Zone> forward = zones.values().stream()
                .filter(Zone::isForward)
                .sorted(Comparator.comparingLong(Zone::firstEnd))
                .toList();
        List<Zone> longest = new ArrayList<>();
        for (Zone zone : forward) {
            Zone before = longest.isEmpty() ? null : longest.get(longest.size() - 1);
            if (before != null && zone.firstEnd() < before.lastStart()) {
                conflict(before, zone);
            }
            longest.add(before == null || zone.lastStart() > before.lastStart() ? zone : before);
        }
        for (Zone zone : zones.values()) {
            if (!zone.isForward()) {
                Zone around = lastBegunBefore(forward, longest, zone.lastStart());
                if (around != null && zone.firstEnd() < around.lastStart()) {
                    conflict(around, zone);
                }
            }
        }
    }

    /** Of the forward zones that begin before a moment, the one that reaches furthest. */
    private static @Nullable Zone lastBegunBefore(List<Zone> forward, List<Zone> longest, long moment) {
        int low = 0;
        int high = forward.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (forward.get(middle).firstEnd() < moment) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? null : longest.get(low - 1);
    }

    private void conflict(Zone old, Zone young) {
        List<Operation> history = new ArrayList<>(old.witnesses());
        history.addAll(young.witnesses());
        // The old zone is forward, so a read ends it; and the young one, of which only reads after the write's answer
        // count,
        // begins with that answer.
        Operation last = Objects.requireNonNull(old.last);
        violations.add(Violation.of(
                last.kind() == Kind.LAST_READ ? Violation.Kind.LOST_UPDATE : Violation.Kind.STALE_READ,
                subject + ": " + old.value + " was read after " + young.value + " had been written",
                history));
    }
}
