package dev.mooring.model;

import dev.mooring.model.SessionRecord.Draft;
import dev.mooring.model.SessionRecord.State;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One step in the life of a {@link SessionRecord}. Pure: the same change to the same record gives the same result,
 * wherever and however often the cluster runs it. Nothing but {@link Delta#creates()} makes a record where there is
 * none.
 */
public sealed interface Change {

    /**
     * Applies this change.
     *
     * @param record the record as it is, or null if there is none
     * @return the record that follows, and the answer for the one who asked
     */
    Step applyTo(@Nullable SessionRecord record);

    /**
     * A record and the answer that goes with it.
     *
     * @param next the record to store; the very record that was given where nothing changes, null where there is none
     * @param outcome the answer
     */
    record Step(@Nullable SessionRecord next, Outcome outcome) {}

    /**
     * Loads a session, and lists the node as a holder in the same step: a write that comes later tells it.
     *
     * @param node the node
     * @param load the number of this load
     * @param since the version that the node has already, 0 for none
     * @param id the id that must open the session; null for a node that has it already
     */
    record Join(
            String node, long load, long since, @Nullable String id) implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null || id != null && !id.equals(record.id())) {
                return new Step(record, Outcome.absent());
            }
            if (record.state() != State.LIVE) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            Holder held = record.holders().get(node);
            SessionRecord next = record;
            if (held == null || held.load() < load) {
                Draft draft = new Draft(record);
                draft.hold(node, new Holder(load, 0));
                next = new SessionRecord(draft);
            }
            return new Step(next, view(next, next.since(since)));
        }
    }

    /**
     * A node no longer holds a copy.
     *
     * @param node the node
     * @param load the load that brought the copy; a later load stays listed
     * @param times what the node knows of the session's use
     * @param unlessLast whether the node stays listed if it is the only holder, to look after the session until it is
     *     due
     */
    record Leave(String node, long load, Times times, boolean unlessLast) implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            Draft draft = new Draft(record);
            Holder held = record.holders().get(node);
            boolean stays = unlessLast && record.holders().size() == 1;
            if (held != null && held.load() <= load && !stays) {
                draft.drop(Set.of(node));
            }
            if (record.state() == State.LIVE) {
                draft.times = record.times().merge(times);
            }
            SessionRecord left = new SessionRecord(draft);
            SessionRecord next = left.equals(record) ? record : left;
            return new Step(next, view(next, next.since(next.version())));
        }
    }

    /** Reads a session that the node does not hold; nothing changes. */
    record Look() implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            if (record.state() != State.LIVE) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            return new Step(record, view(record, record));
        }
    }

    /**
     * The session was used. No reader notices, so the version stays.
     *
     * @param times what the node knows
     */
    record Touch(Times times) implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            if (record.state() != State.LIVE) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            Times merged = record.times().merge(times);
            SessionRecord next = record;
            if (!merged.equals(record.times())) {
                Draft draft = new Draft(record);
                draft.times = merged;
                next = new SessionRecord(draft);
            }
            return new Step(next, answer(next, next.version()));
        }
    }

    /**
     * What one node changed in a session.
     *
     * @param node the writer
     * @param load the writer's load, so that it is a holder afterwards
     * @param operation the number of this change, from 1, greater than those before it of the same load: a second run
     *     is recognised
     * @param creates whether this is the session's very first change, the only one that makes a record
     * @param times what the writer knows of the session's use
     * @param id the new id; null if it stays; never null when this creates
     * @param maxInactiveMs the new maximum inactive interval in milliseconds; null if it stays; never null when this
     *     creates
     * @param set attributes and their bytes, shared
     * @param removed names of removed attributes
     * @param gone nodes to be taken off the holders, such as a writer that keeps no copy
     */
    record Delta(
            String node,
            long load,
            long operation,
            boolean creates,
            Times times,
            @Nullable String id,
            @Nullable Long maxInactiveMs,
            Map<String, byte[]> set,
            Set<String> removed,
            Set<String> gone)
            implements Change {

        /** Checks that a creating delta is complete. */
        public Delta {
            set = Map.copyOf(set);
            removed = Set.copyOf(removed);
            gone = Set.copyOf(gone);
            if (creates && (id == null || maxInactiveMs == null)) {
                throw new IllegalArgumentException("a creating delta names the id and the maximum inactive interval");
            }
        }

        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            Holder held = record == null ? null : record.holders().get(node);
            boolean again = held != null && held.load() == load && held.operation() >= operation;
            if (record != null && again && record.state() == State.LIVE) {
                return new Step(record, answer(record, -1));
            }
            if (record == null) {
                return creates && id != null
                        ? step(new Draft(id, times, new Stamp(0, node)))
                        : new Step(null, Outcome.absent());
            }
            if (record.state() != State.LIVE) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            if (creates) {
                return new Step(record, Outcome.refused(Outcome.Result.EXISTS, record));
            }
            return step(new Draft(record));
        }

        private Step step(Draft draft) {
            long base = draft.version;
            String previousId = draft.id;
            draft.version = base + 1;
            Stamp stamp = new Stamp(draft.version, node);
            draft.times = draft.times.merge(times);
            Holder held = draft.holders.get(node);
            if (held == null || held.load() <= load) {
                draft.hold(node, new Holder(load, operation));
            }
            draft.drop(gone);
            if (id != null) {
                draft.id = id;
                draft.idStamp = stamp;
            }
            if (maxInactiveMs != null) {
                draft.maxInactiveMs = maxInactiveMs;
                draft.maxInactiveStamp = stamp;
            }
            writeAttributes(draft, stamp);
            SessionRecord next = new SessionRecord(draft);
            return new Step(
                    next,
                    new Outcome(
                            Outcome.Result.APPLIED,
                            base,
                            next.version(),
                            next.holders().keySet(),
                            null,
                            previousId.equals(next.id()) ? null : previousId));
        }

        private void writeAttributes(Draft draft, Stamp stamp) {
            if (set.isEmpty() && removed.isEmpty()) {
                return;
            }
            draft.attributes = new TreeMap<>(draft.attributes);
            draft.removals = new TreeMap<>(draft.removals);
            for (String name : removed) {
                draft.attributes.remove(name);
                draft.removals.put(name, stamp);
            }
            set.forEach((name, bytes) -> {
                draft.attributes.put(name, new Attribute(stamp, bytes));
                draft.removals.remove(name);
            });
            draft.trimRemovals();
        }
    }

    /**
     * Claims the end of a session: one node in the cluster wins, and wins again when it asks again.
     *
     * @param node the claimant
     * @param cause why the session ends
     * @param dueAt cluster time in milliseconds at which the session must be due; null to end it whatever its deadline
     * @param asked the nodes that have said when they used the session last; where it must be due, all holders
     * @param times what the claimant knows of the session's use
     * @param since the version of which the claimant has the attributes
     */
    record Claim(String node, EndCause cause, @Nullable Long dueAt, Set<String> asked, Times times, long since)
            implements Change {

        /** Copies the nodes. */
        public Claim {
            asked = Set.copyOf(asked);
        }

        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            if (record.state() == State.ENDING && node.equals(record.endingNode())) {
                return new Step(record, claimed(record));
            }
            if (record.state() != State.LIVE) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            Draft draft = new Draft(record);
            draft.times = record.times().merge(times);
            SessionRecord seen = new SessionRecord(draft);
            if (dueAt != null && seen.deadline() > dueAt) {
                return new Step(seen.equals(record) ? record : seen, Outcome.refused(Outcome.Result.NOT_DUE, seen));
            }
            if (dueAt != null && !asked.containsAll(record.holders().keySet())) {
                return new Step(record, Outcome.refused(Outcome.Result.ASK, record));
            }
            draft.state = State.ENDING;
            draft.cause = cause;
            draft.endingNode = node;
            draft.version = record.version() + 1;
            SessionRecord next = new SessionRecord(draft);
            return new Step(next, claimed(next));
        }

        private Outcome claimed(SessionRecord record) {
            return view(record, record.since(since));
        }
    }

    /**
     * Finishes an end that the node has claimed: the listeners have run, a tombstone without attributes stays.
     *
     * @param node the claimant
     */
    record End(String node) implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            if (record.state() == State.LIVE || !node.equals(record.endingNode())) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            if (record.state() == State.ENDED) {
                return new Step(record, answer(record, record.version()));
            }
            Draft draft = new Draft(record);
            draft.state = State.ENDED;
            draft.attributes = new TreeMap<>();
            draft.removals = new TreeMap<>();
            draft.holders = new TreeMap<>();
            SessionRecord next = new SessionRecord(draft);
            return new Step(next, answer(next, next.version()));
        }
    }

    /**
     * Takes over an end that a node has claimed which is no more: its listeners may have run in part, and run again.
     *
     * @param node the node that goes on with the end
     * @param from the node that has claimed it
     */
    record Inherit(String node, String from) implements Change {
        @Override
        public Step applyTo(@Nullable SessionRecord record) {
            if (record == null) {
                return new Step(null, Outcome.absent());
            }
            boolean mine = node.equals(record.endingNode());
            if (record.state() != State.ENDING || !mine && !from.equals(record.endingNode())) {
                return new Step(record, Outcome.refused(Outcome.Result.ENDED, record));
            }
            Draft draft = new Draft(record);
            draft.endingNode = node;
            SessionRecord next = mine ? record : new SessionRecord(draft);
            return new Step(next, view(next, next));
        }
    }

    /** Says how a record is now, without a change that a reader could notice. */
    private static Outcome view(SessionRecord record, SessionRecord view) {
        return new Outcome(
                Outcome.Result.APPLIED,
                record.version(),
                record.version(),
                record.holders().keySet(),
                view,
                null);
    }

    private static Outcome answer(SessionRecord record, long base) {
        return new Outcome(
                Outcome.Result.APPLIED, base, record.version(), record.holders().keySet(), null, null);
    }
}
