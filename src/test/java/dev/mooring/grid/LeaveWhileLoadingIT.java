package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import dev.mooring.testing.Clean;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A node lets a session go, lazily, and loads it again at the same moment: it stays listed, and hears of the next
 * write.
 */
@ExtendWith(Clean.class)
class LeaveWhileLoadingIT {

    private static final int ROUNDS = 300;
    private static final long SEED = new Random().nextLong();

    @ParameterizedTest
    @EnumSource(TestGrids.Mode.class)
    void staysAHolderThatHearsOfTheNextWrite(TestGrids.Mode mode) throws Exception {
        Random dice = new Random(SEED);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (TestGrids grids = TestGrids.of(mode, 2)) {
            SessionKey key = TestGrids.newKey();
            grids.create(0, key);
            AtomicLong heard = new AtomicLong();
            grids.grid(1).inbox().register(key.scope(), notice -> heard.accumulateAndGet(notice.version(), Math::max));
            join(grids, key, 1);
            for (long load = 1; load <= ROUNDS; load++) {
                CyclicBarrier together = new CyclicBarrier(2);
                boolean leaveFirst = dice.nextBoolean();
                long old = load;
                Callable<Outcome> leave = () -> {
                    together.await();
                    return grids.grid(1)
                            .sessions()
                            .apply(key, new Change.Leave(grids.node(1), old, Times.UNKNOWN, false));
                };
                Callable<Outcome> join = () -> {
                    together.await();
                    return join(grids, key, old + 1);
                };
                Future<Outcome> first = threads.submit(leaveFirst ? leave : join);
                Future<Outcome> second = threads.submit(leaveFirst ? join : leave);
                assertThat(first.get().applied() && second.get().applied()).isTrue();

                Outcome written = grids.grid(0).sessions().apply(key, grids.set(0, "a", (int) old));
                assertThat(written.holders())
                        .as("round %d, seed %d", load, SEED)
                        .contains(grids.node(1));
                grids.grid(0).inbox().tell(written.holders(), Notice.Kind.CHANGED, key, written.version());
                assertThat(heard).as("round %d, seed %d", load, SEED).hasValue(written.version());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Outcome join(TestGrids grids, SessionKey key, long load) {
        return grids.grid(1).sessions().apply(key, new Change.Join(grids.node(1), load, 0, null));
    }
}
