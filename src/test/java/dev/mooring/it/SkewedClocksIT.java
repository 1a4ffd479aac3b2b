package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node whose clock is ten minutes off, forward or back: nobody's session ends early or lives on. Needs libfaketime, with which a JVM is slow. */
class SkewedClocksIT {
    private static final Logger LOG = LoggerFactory.getLogger(SkewedClocksIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final Path LIBRARIES = Path.of("/usr/lib");
    private static final String LIBRARY = "libfaketimeMT.so.1";

    @Tag("stress")
    @ParameterizedTest
    @CsvSource({"MEMBERS, -600s, +600s", "CLIENTS, +600s, -600s"})
    void areNoReasonToEndASessionEarlierOrLater(Mode mode, String first, String second) throws Exception {
        Optional<Path> library = library();
        assumeTrue(library.isPresent(), LIBRARY + " is not installed, clocks cannot be set off");
        List<String> offsets = List.of(first, second);
        var number = new AtomicInteger();
        NodeCluster cluster = LiveWar.onNodes(
                "skewed-clocks",
                2,
                mode,
                base -> base.property("jetty.sessionScavengeInterval.seconds", "0")
                        .variable("LD_PRELOAD", library.get().toString())
                        .variable("FAKETIME", offsets.get(number.getAndIncrement()))
                        .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                        .variable("DONT_FAKE_MONOTONIC", "1")
                        .variable("NO_FAKE_STAT", "1"));
        try (cluster) {
            Map<String, Duration> late = Expiries.allOn(cluster, ENVIRONMENT);

            LOG.info("Clocks off by {} and {}: sessions ended after their deadline by {}", first, second, late);
            assertThat(late).isNotEmpty();
        }
        LogCheck.of(cluster)
                .expecting("(?i)clock", "that is what the test does")
                .passes(List.of(new LiveWar(cluster.node(0), ENVIRONMENT).path()));
    }

    private static Optional<Path> library() throws IOException {
        try (var paths = Files.walk(LIBRARIES, 3)) {
            return paths.filter(path -> path.endsWith(LIBRARY)).findFirst();
        }
    }
}
