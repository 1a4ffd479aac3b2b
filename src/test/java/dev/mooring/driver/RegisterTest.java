package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RegisterTest {
    @Test
    void nothingIsWrongWithReadsThatSeeTheLastWriteOrOneOnItsWay() {
        assertThat(check(
                        read("null", 0, 1),
                        write("a", 2, 5),
                        read("null", 2, 3),
                        read("a", 4, 6),
                        write("b", 10, 20),
                        write("c", 11, 19),
                        read("c", 21, 22),
                        read("c", 23, 24)))
                .isEmpty();
    }

    @Test
    void aReadThatMissesAFinishedWriteIsStale() {
        List<Violation> found =
                check(write("a", 0, 1), read("a", 1, 2), write("b", 2, 3), read("b", 3, 4), read("a", 5, 6));

        assertThat(found).singleElement().satisfies(violation -> {
            assertThat(violation.kind()).isEqualTo(Violation.Kind.STALE_READ);
            assertThat(violation.history()).hasSizeLessThanOrEqualTo(4).contains(read("a", 5, 6), write("b", 2, 3));
        });
    }

    @Test
    void aReadOfNothingAfterAFinishedWriteIsStale() {
        assertThat(check(write("a", 0, 1), read("null", 2, 3)))
                .extracting(Violation::kind)
                .containsExactly(Violation.Kind.STALE_READ);
    }

    @Test
    void aWriteThatNobodyFindsInTheEndIsLost() {
        Operation last = operation(Kind.LAST_READ, "a", 9, 10, Result.OK);

        assertThat(check(write("a", 0, 1), write("b", 2, 3), last))
                .extracting(Violation::kind)
                .containsExactly(Violation.Kind.LOST_UPDATE);
        // Done at once, either may be the one that stays; of one without an answer nobody knows that it was done.
        assertThat(check(write("a", 0, 3), write("b", 2, 4), last)).isEmpty();
        assertThat(check(write("a", 0, 1), operation(Kind.WRITE, "b", 2, 3, Result.UNKNOWN), last))
                .isEmpty();
    }

    @Test
    void aReadMaySeeAWriteThatIsUnderWayBeforeAnotherReadMissesIt() {
        assertThat(check(write("a", 0, 1), write("b", 2, 9), read("b", 3, 4), read("a", 5, 6), read("b", 10, 11)))
                .isEmpty();
    }

    @Test
    void twoWritesAtOnceMustNotChangePlacesBetweenReads() {
        assertThat(check(write("a", 0, 9), write("b", 0, 9), read("a", 10, 11), read("b", 12, 13), read("a", 14, 15)))
                .extracting(Violation::kind)
                .containsExactly(Violation.Kind.STALE_READ);
        assertThat(check(write("a", 0, 9), write("b", 0, 9), read("b", 10, 11), read("b", 12, 13), read("b", 14, 15)))
                .isEmpty();
    }

    @Test
    void aWriteOfAnUnknownFateMayArriveLateOrNever() {
        assertThat(check(
                        write("a", 0, 1),
                        operation(Kind.WRITE, "b", 2, 3, Result.UNKNOWN),
                        write("c", 4, 5),
                        read("c", 6, 7),
                        read("b", 100, 101),
                        operation(Kind.WRITE, "d", 110, 111, Result.UNKNOWN),
                        read("b", 120, 121)))
                .isEmpty();
    }

    @Test
    void aValueThatNobodyWroteOrNotYetIsConvicted() {
        assertThat(check(write("a", 5, 6), read("a", 1, 2), read("z", 7, 8)))
                .extracting(Violation::kind)
                .containsExactly(Violation.Kind.NEVER_WRITTEN, Violation.Kind.NEVER_WRITTEN);
        assertThat(check(write("a", 5, 6), read("a", 1, 5), operation(Kind.READ, "z", 7, 8, Result.UNKNOWN)))
                .isEmpty();
    }

    @Test
    void aValueIsWrittenOnce() {
        assertThatThrownBy(() -> check(write("a", 0, 1), write("a", 2, 3)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** All orders of few operations tried one by one say the same. */
    @Test
    void agreesWithASearchThroughAllOrders() {
        Random random = new Random(42);
        int wrong = 0;
        for (int round = 0; round < 4_000; round++) {
            var operations = new ArrayList<Operation>();
            int values = 1 + random.nextInt(3);
            for (int value = 0; value < values; value++) {
                int start = 2 * random.nextInt(12);
                operations.add(write("v" + value, start, start + 1 + 2 * random.nextInt(5)));
            }
            for (int reads = random.nextInt(4); reads >= 0; reads--) {
                int start = 2 * random.nextInt(14);
                String value = random.nextInt(8) == 0 ? Register.NOTHING : "v" + random.nextInt(values);
                operations.add(read(value, start, start + 1 + 2 * random.nextInt(3)));
            }
            boolean possible = fromTheFuture(operations).findAny().isEmpty()
                    && isPossible(withoutEarlyReads(operations), Register.NOTHING);
            wrong += possible ? 0 : 1;
            assertThat(Register.check("it", operations).isEmpty())
                    .as("%s", operations)
                    .isEqualTo(possible);
        }
        assertThat(wrong).isBetween(500, 3_500);
    }

    private static Stream<Operation> fromTheFuture(List<Operation> operations) {
        return operations.stream().filter(read -> writeOf(operations, read).anyMatch(read::isBefore));
    }

    private static List<Operation> withoutEarlyReads(List<Operation> operations) {
        return operations.stream()
                .filter(read -> writeOf(operations, read).allMatch(write -> write.isBefore(read)))
                .toList();
    }

    private static Stream<Operation> writeOf(List<Operation> operations, Operation read) {
        return operations.stream()
                .filter(write -> write != read
                        && read.kind() == Kind.READ
                        && write.kind() == Kind.WRITE
                        && write.value().equals(read.value()));
    }

    /** Whether some order explains what is left, the register holding this. */
    private static boolean isPossible(List<Operation> left, String value) {
        return left.isEmpty()
                || IntStream.range(0, left.size()).anyMatch(i -> {
                    Operation next = left.get(i);
                    boolean first = left.stream().noneMatch(other -> other.isBefore(next));
                    boolean fits = next.kind() == Kind.WRITE || next.value().equals(value);
                    var rest = new ArrayList<>(left);
                    rest.remove(i);
                    return first && fits && isPossible(rest, next.value());
                });
    }

    private static List<Violation> check(Operation... operations) {
        return Register.check("it", Stream.of(operations).toList());
    }

    private static Operation write(String value, long start, long end) {
        return operation(Kind.WRITE, value, start, end, Result.OK);
    }

    private static Operation read(String value, long start, long end) {
        return operation(Kind.READ, value, start, end, Result.OK);
    }

    private static Operation operation(Kind kind, String value, long start, long end, Result result) {
        return new Operation(0, kind, 0, "it", value, 0, false, start, end, result);
    }
}
