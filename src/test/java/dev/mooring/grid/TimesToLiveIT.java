package dev.mooring.grid;

import static dev.mooring.grid.TestGrids.MAX_INACTIVE_MS;
import static dev.mooring.grid.TestGrids.SLACK_MS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.MapConfig;
import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.testing.Clean;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a client does about the time to live that a compare-and-set takes from a record. */
@ExtendWith(Clean.class)
class TimesToLiveIT {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int BY_CONFIGURATION_SECONDS = 86_400;

    private final CountDownLatch later = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private TestGrids grids;
    private SessionKey key;

    @BeforeEach
    void start() {
        grids = TestGrids.of(1);
        key = TestGrids.newKey();
        // Nothing that is scheduled runs before the test says so.
        scheduler.execute(() -> {
            try {
                later.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @AfterEach
    void stop() {
        later.countDown();
        scheduler.shutdownNow();
        threads.shutdownNow();
        grids.close();
    }

    @Test
    void areGivenBackAtOnceAndAgainAMomentLaterWhereWriteFollowsWrite() {
        IMap<String, SessionRecord> records = grids.records(0);
        var lives = new TimesToLive(records, SLACK_MS, threads, scheduler);

        SessionRecord first = write(records, 1);
        lives.give(key.path(), first);

        long expected = MAX_INACTIVE_MS + SLACK_MS;
        await().atMost(LIMIT).until(() -> timeToLive(records) == expected);
        lives.give(key.path(), write(records, 2));
        assertThat(timeToLive(records)).isEqualTo(Long.MAX_VALUE);
        later.countDown();
        await().atMost(LIMIT).until(() -> timeToLive(records) == expected);
    }

    /** What the README advises for the servers: then there is always one. */
    @Test
    void areThoseOfTheMapUntilThenWhereItHasOne() {
        String name = "with-a-life";
        grids.hazelcast(0).getConfig().addMapConfig(new MapConfig(name).setTimeToLiveSeconds(BY_CONFIGURATION_SECONDS));
        IMap<String, SessionRecord> records = grids.hazelcast(0).getMap(name);

        write(records, 1);

        assertThat(timeToLive(records))
                .isEqualTo(Duration.ofSeconds(BY_CONFIGURATION_SECONDS).toMillis());
    }

    /** As a client writes: made with a time to live, replaced without. */
    private SessionRecord write(IMap<String, SessionRecord> records, int value) {
        SessionRecord made = after(grids.creation(grids.node(0), key), null);
        records.putIfAbsent(key.path(), made, MAX_INACTIVE_MS, TimeUnit.MILLISECONDS);
        SessionRecord before = Objects.requireNonNull(records.get(key.path()));
        SessionRecord next = after(grids.set(0, "any", value), before);
        assertThat(records.replace(key.path(), before, next)).isTrue();
        return next;
    }

    private static SessionRecord after(Change change, SessionRecord before) {
        return Objects.requireNonNull(change.applyTo(before).next());
    }

    private long timeToLive(IMap<String, SessionRecord> records) {
        return Objects.requireNonNull(records.getEntryView(key.path())).getTtl();
    }
}
