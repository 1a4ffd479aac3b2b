package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** One of two nodes pauses for seconds, as a machine does that swaps, and holds sessions that the other one writes. */
@ParameterizedClass
@EnumSource(names = {"CLIENTS", "MIXED"})
class PausedNodeIT {
    private static final String ENVIRONMENT = "ee11";
    private static final Duration PAUSE = Duration.ofSeconds(3);
    private static final int SESSIONS = 3;

    /** A second until the node is taken for silent, and one until it is sure that it trusts its copies no more. */
    private static final long ONE_WAIT_MS = 1_900;

    private static NodeCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = LiveWar.onNodes("paused", 2, mode);
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs().expectingDeaths().passes(List.of(on(0).path()));
    }

    @Test
    void isWaitedForOnceAndItsFirstReadIsCurrent() {
        List<Browser> browsers =
                Stream.generate(cluster::newBrowser).limit(SESSIONS).toList();
        List<Socket> paused = browsers.stream()
                .map(browser -> {
                    browser.says(on(1), "open ada");
                    return browser.opens(on(1), Way.CONFIGURED);
                })
                .toList();
        assertThat(paused)
                .allSatisfy(socket -> assertThat(socket.asks("get who")).isEqualTo("ada"));
        browsers.forEach(browser -> browser.says(on(0), "get who"));

        cluster.suspend(1);
        long begun = System.nanoTime();
        long first = millisOf(() -> browsers.get(0).says(on(0), "set word new"));
        long second = millisOf(() -> browsers.get(1).says(on(0), "set word new"));
        long third = millisOf(() -> browsers.get(2).says(on(0), "set word new"));
        paused.forEach(socket -> socket.sends("get word"));
        LockSupport.parkNanos(PAUSE.toNanos() - (System.nanoTime() - begun));
        cluster.resume(1);

        assertThat(paused).allSatisfy(socket -> assertThat(socket.hears()).isEqualTo("new"));
        assertThat(first).isBetween(ONE_WAIT_MS, 3 * ONE_WAIT_MS);
        assertThat(Math.min(second, third)).isLessThan(ONE_WAIT_MS);
        for (int round = 0; round < 20; round++) {
            browsers.get(0).says(on(0), "set word " + round);
            assertThat(paused.get(0).asks("get word")).isEqualTo("" + round);
        }
        paused.forEach(Socket::close);
    }

    private static long millisOf(Runnable action) {
        long start = System.nanoTime();
        action.run();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    private static LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
