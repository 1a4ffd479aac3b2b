package dev.mooring.model;

import dev.mooring.model.SessionRecord.Draft;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Random values of the model, for properties that hold for all of them. A failure names the seed of its round; {@code
 * -Dmooring.seed=<seed>} runs that round alone.
 */
final class Samples {

    /** Names of few attributes, so that they meet, and some that are hard to write down. */
    static final List<String> NAMES =
            List.of("a", "b", "c", "d", "", " ", "ä€𝄞", "a\u0000b", "jakarta.long." + "n".repeat(70_000));

    private static final Set<String> EVERYBODY = Set.of("n1", "n2", "n3", "l1", "l2", "r1", "r2", "t1");

    /** The newest load of each node, the one that writes. */
    private static final int LOAD = 3;

    private static final String SEED = "mooring.seed";
    private static final long NOW = 1_700_000_000_000L;

    private final Random random;
    private int operations;

    Samples(long seed) {
        random = new Random(seed);
    }

    /** Checks a property in so many rounds, each with samples of its own. */
    static void forAll(int rounds, Consumer<Samples> property) {
        Long fixed = Long.getLong(SEED);
        long first = fixed == null ? new Random().nextLong() : fixed;
        for (long seed = first; seed - first < (fixed == null ? rounds : 1); seed++) {
            try {
                property.accept(new Samples(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-D" + SEED + "=" + seed + ": " + e.getMessage(), e);
            }
        }
    }

    int upTo(int greatest) {
        return random.nextInt(greatest + 1);
    }

    boolean chance() {
        return random.nextBoolean();
    }

    <T> T of(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    byte[] bytes() {
        byte[] bytes = new byte[random.nextInt(300) == 0 ? 70_000 : random.nextInt(24)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Returns a name that is short, most of the time. */
    String name() {
        return random.nextInt(300) == 0 ? NAMES.get(NAMES.size() - 1) : NAMES.get(random.nextInt(NAMES.size() - 1));
    }

    Set<String> names() {
        Set<String> names = new HashSet<>();
        for (int i = upTo(3); i > 0; i--) {
            names.add(name());
        }
        return names;
    }

    Times times() {
        return new Times(NOW + upTo(9), NOW + upTo(99), NOW + upTo(99), NOW + upTo(99), NOW + upTo(99));
    }

    /** Returns a session's first change. */
    Change.Delta creation(String node) {
        return new Change.Delta(
                node, LOAD, ++operations, true, times(), "id0", maxInactiveMs(), attributes(), Set.of(), Set.of());
    }

    /** Returns a later change of attributes, and sometimes of more. */
    Change.Delta delta(String node) {
        return new Change.Delta(
                node,
                LOAD,
                ++operations,
                false,
                times(),
                upTo(4) == 0 ? "id" + node + operations : null,
                upTo(4) == 0 ? maxInactiveMs() : null,
                attributes(),
                names(),
                Set.of());
    }

    private Long maxInactiveMs() {
        return of(List.of(-1L, 0L, 1_000L, 1_800_000L, Integer.MAX_VALUE * 1_000L));
    }

    private Map<String, byte[]> attributes() {
        Map<String, byte[]> attributes = new LinkedHashMap<>();
        for (int i = upTo(3); i > 0; i--) {
            attributes.put(name(), bytes());
        }
        return attributes;
    }

    /** Returns a departure that knows of no use. */
    static Change.Leave leave(String node, long load) {
        return new Change.Leave(node, load, Times.UNKNOWN, false);
    }

    /** Returns what may happen to a session while it lives. */
    Change lively(String node) {
        return switch (upTo(5)) {
            case 0 -> new Change.Join(node, upTo(LOAD), 0, null);
            case 1 -> leave(node, upTo(LOAD));
            case 2 -> new Change.Touch(times());
            default -> delta(node);
        };
    }

    /** Returns any change there is. */
    Change any(String node) {
        return switch (upTo(9)) {
            case 0 -> creation(node);
            case 1 -> claim(node);
            case 2 -> new Change.End(node);
            case 3 -> new Change.Look();
            default -> lively(node);
        };
    }

    Change.Claim claim(String node) {
        return new Change.Claim(
                node,
                of(List.of(EndCause.values())),
                chance() ? null : (Long) (NOW + upTo(2_000_000)),
                chance() ? EVERYBODY : Set.of(node),
                times(),
                upTo(5));
    }

    /** Returns a session that some nodes have used for a while. */
    SessionRecord live(List<String> nodes) {
        SessionRecord record = after(null, creation(nodes.get(0)));
        return later(record, nodes, 12);
    }

    /** Returns the session after up to so many more changes by some nodes; it lives on. */
    SessionRecord later(SessionRecord from, List<String> nodes, int changes) {
        SessionRecord record = from;
        for (int i = upTo(changes); i > 0; i--) {
            record = after(record, lively(of(nodes)));
        }
        return record;
    }

    /** Returns the session in any state of its life. */
    SessionRecord ended(SessionRecord from, String node, int howFar) {
        SessionRecord record = from;
        if (howFar > 0) {
            record = after(record, new Change.Claim(node, of(List.of(EndCause.values())), null, Set.of(), times(), 0));
        }
        return howFar > 1 ? after(record, new Change.End(node)) : record;
    }

    /** Returns a record that no history explains, but that can be written down. */
    SessionRecord arbitrary() {
        Draft draft = new Draft(name(), times(), stamp());
        draft.state = of(List.of(SessionRecord.State.values()));
        draft.cause = chance() ? null : of(List.of(EndCause.values()));
        draft.endingNode = chance() ? null : name();
        draft.maxInactiveMs = random.nextLong();
        draft.maxInactiveStamp = stamp();
        draft.version = random.nextLong();
        for (int i = upTo(4); i > 0; i--) {
            draft.holders.put(name(), new Holder(random.nextLong(), random.nextLong()));
            draft.attributes.put(name(), new Attribute(stamp(), upTo(3) == 0 ? null : bytes()));
            draft.removals.put(name(), stamp());
        }
        return new SessionRecord(draft);
    }

    /** Returns an equal record that was put together in another order. */
    SessionRecord shuffled(SessionRecord record) {
        Draft draft = new Draft(record);
        draft.holders = new TreeMap<>(shuffled(record.holders()));
        draft.attributes = new TreeMap<>();
        shuffled(record.attributes()).forEach((name, attribute) -> {
            byte[] bytes = attribute.bytes();
            draft.attributes.put(
                    new String(name), new Attribute(attribute.stamp(), bytes == null ? null : bytes.clone()));
        });
        draft.removals = new TreeMap<>(shuffled(record.removals()));
        return new SessionRecord(draft);
    }

    private <V> Map<String, V> shuffled(Map<String, V> map) {
        List<String> names = new ArrayList<>(map.keySet());
        Collections.shuffle(names, random);
        Map<String, V> shuffled = new LinkedHashMap<>();
        names.forEach(name -> shuffled.put(name, map.get(name)));
        return shuffled;
    }

    Stamp stamp() {
        return new Stamp(random.nextLong(), name());
    }

    Outcome outcome() {
        return new Outcome(
                of(List.of(Outcome.Result.values())),
                random.nextLong(),
                random.nextLong(),
                names(),
                chance() ? null : arbitrary(),
                chance() ? null : name());
    }

    Notice notice() {
        return new Notice(of(List.of(Notice.Kind.values())), new SessionKey(name(), name()), random.nextLong());
    }

    /** Returns the record that follows, which there must be. */
    static SessionRecord after(@Nullable SessionRecord record, Change change) {
        SessionRecord next = change.applyTo(record).next();
        if (next == null) {
            throw new AssertionError(change + " left no record");
        }
        return next;
    }

    /** Returns the record with another version, to compare what else there is. */
    static SessionRecord withVersion(SessionRecord record, long version) {
        Draft draft = new Draft(record);
        draft.version = version;
        return new SessionRecord(draft);
    }
}
