package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyBase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Jetty's own properties, on one node each as it may be set: {@code saveOnCreate}, {@code gracePeriod.seconds},
 * {@code workerName}, {@code sessionScavengeInterval.seconds} and {@code invalidateOnShutdown}. Where the others are
 * tested, says this package's description.
 */
class StockPropertiesIT {
    private static final String ENVIRONMENT = "ee10";
    private static final Duration HALF_AN_HOUR = Duration.ofMinutes(30);
    private static final Duration LIMIT = Duration.ofSeconds(15);

    /** With {@code saveOnCreate}, the grace period of two hours, worker {@code blue}. */
    private static final int SET = 0;

    /** With the defaults, but for worker {@code green}. */
    private static final int UNSET = 1;

    private NodeCluster cluster;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void doWhatJettySays(Mode mode) {
        var number = new AtomicInteger();
        cluster = LiveWar.onNodes("stock-properties", 2, mode, base -> set(base, number.getAndIncrement()));
        try (NodeCluster nodes = cluster;
                Bystander bystander = Bystander.of(nodes)) {
            saveOnCreateStoresASessionBeforeItsFirstResponse(bystander);
            gracePeriodIsHowLongARecordIsKept(bystander);
            workerNameIsASuffixThatEachNodeMakesItsOwn();
            invalidateOnShutdownEndsTheSessionsOfTheNodeEverywhereAndNoOthers();
        }
        cluster.logs().passes(List.of(on(0).path()));
    }

    private static void set(JettyBase.Builder base, int number) {
        base.property("jetty.session.invalidateOnShutdown", "true")
                .property("jetty.sessionIdManager.workerName", number == SET ? "blue" : "green");
        if (number == SET) {
            base.property("jetty.session.saveOnCreate", "true")
                    .property("jetty.session.gracePeriod.seconds", "7200")
                    .property("jetty.sessionScavengeInterval.seconds", "10");
        }
    }

    private void saveOnCreateStoresASessionBeforeItsFirstResponse(Bystander bystander) {
        assertThat(storedBeforeItsFirstResponse(SET, bystander)).isEqualTo(1);
        assertThat(storedBeforeItsFirstResponse(UNSET, bystander)).isZero();
    }

    private int storedBeforeItsFirstResponse(int node, Bystander bystander) {
        int before = bystander.records();
        Browser ada = cluster.newBrowser();
        CompletableFuture<String> id = ada.saysLater(on(node), "openHeld created");
        cluster.newBrowser().says(on(node), "await created");
        int during = bystander.records();
        cluster.newBrowser().says(on(node), "release created");
        assertThat(bystander.record(id.join())).isPresent();
        assertThat(ada.says(on(1 - node), "isNew")).isEqualTo("false");
        return during - before;
    }

    private void gracePeriodIsHowLongARecordIsKept(Bystander bystander) {
        assertThat(keptFor(SET, bystander)).isBetween(HALF_AN_HOUR.plusSeconds(7190), HALF_AN_HOUR.plusSeconds(7210));
        assertThat(keptFor(UNSET, bystander)).isBetween(HALF_AN_HOUR.plusSeconds(3590), HALF_AN_HOUR.plusSeconds(3610));
    }

    private Duration keptFor(int node, Bystander bystander) {
        String id = cluster.newBrowser().says(on(node), "open");
        // A client gives it right after the write, and not with it.
        return await().atMost(LIMIT)
                .until(() -> bystander.timeToLive(id), Optional::isPresent)
                .orElseThrow();
    }

    private void workerNameIsASuffixThatEachNodeMakesItsOwn() {
        Browser ada = cluster.newBrowser();
        String id = ada.says(on(0), "open");
        assertThat(ada.sessionCookie(on(0).say(""))).isEqualTo(id + ".blue");

        HttpResponse<String> moved = ada.gets(on(1).say("id"));

        assertThat(moved.body()).isEqualTo(id);
        assertThat(moved.headers().allValues("Set-Cookie"))
                .singleElement()
                .asString()
                .contains("=" + id + ".green;");
        assertThat(ada.gets(on(1).say("id")).headers().allValues("Set-Cookie")).isEmpty();
        String renewed = ada.says(on(0), "changeId");
        assertThat(ada.sessionCookie(on(0).say(""))).isEqualTo(renewed + ".blue");
    }

    private void invalidateOnShutdownEndsTheSessionsOfTheNodeEverywhereAndNoOthers() {
        Browser leaving = cluster.newBrowser();
        leaving.says(on(0), "open leaving");
        leaving.says(on(0), "set logged yes");
        Socket here = leaving.opens(on(0), Way.CONFIGURED);
        Socket there = leaving.opens(on(1), Way.PLAIN);
        Browser staying = cluster.newBrowser();
        staying.says(on(1), "open staying");
        Socket other = staying.opens(on(1), Way.CONFIGURED);

        cluster.stop(0);

        Ends.invalidated(here);
        Ends.invalidated(there);
        assertThat(leaving.says(on(1), "get who")).isEqualTo("none");
        assertThat(cluster.processes().get(0).log())
                .filteredOn(line -> line.endsWith("destroyed leaving"))
                .hasSize(1);
        assertThat(cluster.newBrowser().says(on(1), "journal destroyed ")).isEmpty();
        assertThat(other.asks("get who")).isEqualTo("staying");
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
