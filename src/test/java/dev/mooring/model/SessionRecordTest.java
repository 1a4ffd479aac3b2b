package dev.mooring.model;

import static dev.mooring.model.Samples.after;
import static dev.mooring.model.Samples.withVersion;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.model.Change.Delta;
import dev.mooring.model.SessionRecord.State;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class SessionRecordTest {

    private static final List<String> LEFT = List.of("l1", "l2");
    private static final List<String> RIGHT = List.of("r1", "r2");
    private static final List<String> THIRD = List.of("t1");
    private static final long SLACK = 900_000;

    /** Three parts of a cluster that had one record before they split. */
    private record Split(SessionRecord left, SessionRecord right, SessionRecord third) {
        static Split of(Samples samples, int howFar) {
            SessionRecord common = samples.live(List.of("l1", "r1", "t1"));
            return new Split(
                    samples.ended(samples.later(common, LEFT, 6), "l1", samples.upTo(howFar)),
                    samples.ended(samples.later(common, RIGHT, 6), "r1", samples.upTo(howFar)),
                    samples.ended(samples.later(common, THIRD, 6), "t1", samples.upTo(howFar)));
        }
    }

    private static void assertSameButForTheVersion(SessionRecord actual, SessionRecord expected) {
        assertThat(withVersion(actual, 0)).isEqualTo(withVersion(expected, 0));
    }

    private static Delta set(String node, int operation, String name, int value) {
        return delta(node, operation, Map.of(name, new byte[] {(byte) value}), Set.of());
    }

    private static Delta remove(String node, int operation, String name) {
        return delta(node, operation, Map.of(), Set.of(name));
    }

    private static Delta delta(String node, int operation, Map<String, byte[]> set, Set<String> removed) {
        return new Delta(node, 1, operation, false, new Times(1, 1, 1, 1, 1), null, null, set, removed, Set.of());
    }

    @Nested
    class Merging {

        @Test
        void isTheSameFromBothSides() {
            Samples.forAll(2_000, samples -> {
                Split split = Split.of(samples, 2);

                assertThat(split.left.merge(split.right)).isEqualTo(split.right.merge(split.left));
            });
        }

        @Test
        void withItselfChangesNothing() {
            Samples.forAll(500, samples -> {
                SessionRecord record = Split.of(samples, 2).left;

                assertThat(record.merge(record)).isSameAs(record);
                assertThat(record.merge(samples.shuffled(record))).isEqualTo(record);
            });
        }

        @Test
        void withWhatIsInItAlreadyAddsNothing() {
            Samples.forAll(2_000, samples -> {
                Split split = Split.of(samples, 2);
                SessionRecord merged = split.left.merge(split.right);

                assertSameButForTheVersion(merged.merge(split.left), merged);
                assertSameButForTheVersion(split.right.merge(merged), merged);
            });
        }

        @Test
        void threePartsInAnyOrderGivesTheSame() {
            Samples.forAll(2_000, samples -> {
                Split split = Split.of(samples, 2);

                SessionRecord one = split.left.merge(split.right).merge(split.third);
                SessionRecord two = split.left.merge(split.right.merge(split.third));
                SessionRecord three = split.third.merge(split.left).merge(split.right);

                assertSameButForTheVersion(one, two);
                assertSameButForTheVersion(one, three);
            });
        }

        @Test
        void keepsDifferentAttributesOfBothSides() {
            SessionRecord common = new Samples(1).live(List.of("l1"));
            SessionRecord left = after(common, set("l1", 100, "left", 1));
            SessionRecord right = after(common, set("r1", 100, "right", 2));

            SessionRecord merged = left.merge(right);

            assertThat(merged.attributes())
                    .containsEntry("left", left.attributes().get("left"))
                    .containsEntry("right", right.attributes().get("right"));
            assertThat(merged.version()).isGreaterThan(Math.max(left.version(), right.version()));
        }

        @Test
        void ofOneAttributeTakesTheLaterWrite() {
            SessionRecord common = new Samples(1).live(List.of("l1"));
            SessionRecord left = after(common, set("l1", 100, "both", 1));
            SessionRecord right = after(after(common, set("r1", 100, "other", 2)), set("r1", 101, "both", 3));

            assertThat(left.merge(right).attributes())
                    .containsEntry("both", right.attributes().get("both"));
        }

        @Test
        void aRemovalIsAWrite() {
            SessionRecord common = after(new Samples(1).live(List.of("l1")), set("l1", 100, "x", 1));
            SessionRecord removed = after(common, remove("l1", 101, "x"));
            SessionRecord untouched = after(common, set("r1", 101, "other", 2));
            SessionRecord written = after(after(common, set("r1", 101, "other", 2)), set("r1", 102, "x", 3));

            assertThat(removed.merge(untouched).attributes()).doesNotContainKey("x");
            assertThat(untouched.merge(removed).attributes()).doesNotContainKey("x");
            assertThat(removed.merge(written).attributes())
                    .containsEntry("x", written.attributes().get("x"));
        }

        @Test
        void anEndWinsOverWrites() {
            Samples.forAll(500, samples -> {
                Split split = Split.of(samples, 0);
                SessionRecord ended = samples.ended(split.left, "l1", 2);
                SessionRecord ending = samples.ended(split.third, "t1", 1);

                assertThat(ended.merge(split.right)).isEqualTo(ended);
                assertThat(split.right.merge(ended)).isEqualTo(ended);
                assertThat(ending.merge(split.right)).isEqualTo(ending);
                assertThat(ending.merge(ended)).isEqualTo(ended);
            });
        }

        @Test
        void twoEndsGiveOneEnd() {
            Samples.forAll(500, samples -> {
                Split split = Split.of(samples, 0);
                SessionRecord left = samples.ended(split.left, "l1", 1);
                SessionRecord right = samples.ended(split.right, "r1", 1);

                SessionRecord merged = left.merge(right);

                assertThat(merged.state()).isEqualTo(State.ENDING);
                assertThat(List.of("l1", "r1")).contains(merged.endingNode());
                assertThat(merged.cause()).isEqualTo("l1".equals(merged.endingNode()) ? left.cause() : right.cause());
            });
        }
    }

    @Nested
    class TimesMerged {

        @Test
        void keepWhatBothKnow() {
            Samples.forAll(500, samples -> {
                Times a = samples.times();
                Times b = samples.times();
                Times c = samples.times();

                assertThat(a.merge(b)).isEqualTo(b.merge(a));
                assertThat(a.merge(a)).isEqualTo(a);
                assertThat(a.merge(b).merge(c)).isEqualTo(a.merge(b.merge(c)));
                assertThat(a.merge(b).used()).isGreaterThanOrEqualTo(Math.max(a.used(), b.used()));
            });
        }
    }

    @Nested
    class ATimeToLive {

        @Test
        void outlivesTheSession() {
            Samples.forAll(500, samples -> {
                SessionRecord record = samples.ended(samples.live(LEFT), "l1", samples.upTo(1));

                long timeToLive = record.timeToLiveMs(SLACK);

                if (record.maxInactiveMs() <= 0) {
                    assertThat(timeToLive).as("for ever").isZero();
                    assertThat(record.deadline()).isEqualTo(Long.MAX_VALUE);
                } else {
                    assertThat(timeToLive).isEqualTo(record.maxInactiveMs() + SLACK);
                    assertThat(record.deadline()).isEqualTo(record.times().used() + record.maxInactiveMs());
                }
            });
        }

        @Test
        void ofATombstoneIsTenMinutes() {
            Samples.forAll(
                    100,
                    samples -> assertThat(
                                    samples.ended(samples.live(LEFT), "l1", 2).timeToLiveMs(SLACK))
                            .isEqualTo(600_000));
        }
    }

    @Nested
    class ALogLine {

        @Test
        void neverHasTheWholeId() {
            SessionRecord record = after(
                    null,
                    new Delta(
                            "n1",
                            1,
                            1,
                            true,
                            new Times(1, 1, 1, 1, 1),
                            "0123456789",
                            1_000L,
                            Map.of("name", "secret".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                            Set.of(),
                            Set.of()));
            SessionKey key = new SessionKey(SessionKey.scope("0.0.0.0", "/app"), "0123456789");

            assertThat(record.toString()).contains("012345…").doesNotContain("0123456789", "secret");
            assertThat(key).hasToString("0.0.0.0_/app/012345…");
            assertThat(SessionKey.shorten("012345")).isEqualTo("…");
            assertThat(key.path()).isEqualTo("0.0.0.0_/app/0123456789");
            assertThat(key.named("other").path()).isEqualTo("0.0.0.0_/app/other");
        }
    }
}
