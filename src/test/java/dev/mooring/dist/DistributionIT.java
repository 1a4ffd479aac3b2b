package dev.mooring.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.LogCheck;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The zip as a user gets it: what is in it, and what start.jar and a start make of it. */
class DistributionIT {

    private static final Path WORK = Path.of(System.getProperty("mooring.work"), "distribution");
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    @Nested
    class TheZip {

        @Test
        void addsModulesXmlAndJarsOnly() throws IOException {
            try (ZipFile zip = zip()) {
                List<String> files = zip.stream()
                        .filter(entry -> !entry.isDirectory())
                        .map(ZipEntry::getName)
                        .toList();

                assertThat(files)
                        .containsExactlyInAnyOrder(
                                "modules/session-hazelcast.mod",
                                "modules/session-hazelcast-client.mod",
                                "etc/mooring/mooring.xml",
                                "etc/mooring/client.xml",
                                "lib/mooring/mooring.jar",
                                "lib/mooring/hazelcast.jar");
            }
        }

        @Test
        void carriesNoTimeOfItsBuild() throws IOException {
            try (ZipFile zip = zip()) {
                assertThat(zip.stream().map(ZipEntry::getTimeLocal).distinct()).hasSize(1);
            }
        }

        private ZipFile zip() throws IOException {
            return new ZipFile(System.getProperty("mooring.zip"));
        }
    }

    @Nested
    class TheIniTemplate {

        /** The properties of both modules, with their defaults, as the README has them. */
        private static final List<String> BOTH = List.of(
                "jetty.session.hazelcast.clusterName=jetty-sessions",
                "jetty.session.hazelcast.configurationLocation=",
                "jetty.session.hazelcast.hazelcastInstanceName=",
                "jetty.session.hazelcast.mapName=jetty-sessions",
                "jetty.session.hazelcast.useQueries=false",
                "jetty.session.hazelcast.onlyClient=",
                "jetty.session.evictionPolicy=-1",
                "jetty.session.saveOnCreate=false",
                "jetty.session.saveOnInactiveEviction=false",
                "jetty.session.removeUnloadableSessions=false",
                "jetty.session.flushOnResponseCommit=true",
                "jetty.session.invalidateOnShutdown=false",
                "jetty.session.gracePeriod.seconds=3600",
                "jetty.session.savePeriod.seconds=0",
                "jetty.sessionScavengeInterval.seconds=600",
                "jetty.sessionIdManager.workerName=",
                "jetty.session.attributeFilter=",
                "jetty.session.maxAttributes=10000",
                "jetty.session.maxAttributeBytes=8388608",
                "jetty.session.maxSessionBytes=67108864",
                "jetty.session.nonSerializable=spec",
                "jetty.session.onStoreFailure=reject",
                "jetty.session.websocket.keepAlive=messages",
                "jetty.session.websocket.closeOnSessionEnd=all",
                "jetty.session.websocket.createSession=false",
                "jetty.session.websocket.sameOrigin=false");

        private static final List<String> MEMBER = List.of(
                "jetty.session.hazelcast.bindAddress=127.0.0.1",
                "jetty.session.hazelcast.port=5701",
                "jetty.session.hazelcast.members=",
                "jetty.session.hazelcast.backupCount=1");

        private static final List<String> CLIENT = List.of("jetty.session.hazelcast.addresses=");

        @Test
        void ofTheMemberModuleHasEveryPropertyWithItsDefault() throws IOException {
            assertThat(properties("modules/session-hazelcast.mod"))
                    .containsAll(BOTH)
                    .containsAll(MEMBER);
        }

        @Test
        void ofTheClientModuleHasEveryPropertyWithItsDefault() throws IOException {
            assertThat(properties("modules/session-hazelcast-client.mod"))
                    .containsAll(BOTH)
                    .containsAll(CLIENT);
        }

        @ParameterizedTest
        @ValueSource(strings = {"modules/session-hazelcast.mod", "modules/session-hazelcast-client.mod"})
        void explainsEachProperty(String module) throws IOException {
            List<String> lines = lines(module);
            var unexplained = new TreeMap<Integer, String>();
            for (int i = lines.indexOf("[ini-template]") + 1; i < lines.size(); i++) {
                boolean explained = lines.get(i - 1).startsWith("#");
                if (isProperty(lines.get(i)) && !explained) {
                    unexplained.put(i, lines.get(i));
                }
            }

            assertThat(unexplained).isEmpty();
        }

        private static List<String> properties(String module) throws IOException {
            return lines(module).stream()
                    .filter(TheIniTemplate::isProperty)
                    .map(line -> line.substring(1))
                    .toList();
        }

        private static boolean isProperty(String line) {
            return line.startsWith("#jetty.");
        }

        private static List<String> lines(String entry) throws IOException {
            try (ZipFile zip = new ZipFile(System.getProperty("mooring.zip"));
                    var in = zip.getInputStream(zip.getEntry(entry))) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
            }
        }
    }

    @Nested
    class StartJar {

        @ParameterizedTest
        @CsvSource({
            "mooring.jettyHome, session-store-file, session-store",
            "mooring.jettyHome, session-cache-hash, session-cache",
            "mooring.jettyHome, session-hazelcast-client, session-",
            "mooring.jettyHome.newest, session-store-file, session-store",
            "mooring.jettyHome.newest, session-cache-hash, session-cache",
            "mooring.jettyHome.newest, session-hazelcast-client, session-",
        })
        void refusesASecondStoreOrCache(String home, String other, String provided) {
            JettyBase.Builder base = JettyBase.in(WORK.resolve("beside-" + other))
                    .home(Path.of(System.getProperty(home)))
                    .modules("http", "session-hazelcast", other);

            assertThatThrownBy(base::create)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("provides " + provided)
                    .hasMessageContaining("already provided by");
        }
    }

    @Nested
    class AStart {

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        session-hazelcast | jetty.session.websocket.keepAlive=message | expected messages, open or none
                        session-hazelcast | jetty.session.hazelcast.port=http | expected a whole number from 1 to 65535
                        """)
        void failsWithAMessageThatNamesTheValue(String module, String setting, String expected) {
            assertThat(logOfAFailedStart(module, setting)).anyMatch(line -> line.contains(setting + ": " + expected));
        }

        @Test
        void failsAsAClientThatReachesNoServer() {
            String nobody = "127.0.0.1:" + Ports.free();

            assertThat(logOfAFailedStart("session-hazelcast-client", "jetty.session.hazelcast.addresses=" + nobody))
                    .anyMatch(
                            line -> line.contains("No server of Hazelcast cluster jetty-sessions at [" + nobody + "]"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"mooring.jettyHome", "mooring.jettyHome.newest"})
        void warnsOnceOfAllThatHasNoMeaning(String home) {
            int port = Ports.free();
            JettyBase base = JettyBase.in(WORK.resolve("starting"))
                    .home(Path.of(System.getProperty(home)))
                    .modules("http", "session-hazelcast")
                    .property("jetty.session.hazelcast.clusterName", "it-" + UUID.randomUUID())
                    .property("jetty.session.hazelcast.port", String.valueOf(port))
                    .property("jetty.session.hazelcast.members", "127.0.0.1:" + port)
                    .property("jetty.session.hazelcast.useQueries", "true")
                    .property("jetty.session.hazelcast.onlyClient", "true")
                    .property("jetty.session.flushOnResponseCommit", "false")
                    .property("jetty.session.savePeriod.seconds", "5")
                    .create();

            JettyNode node = JettyNode.launch("starting", base);
            try (node) {
                List<String> log = node.awaitStarted(START_LIMIT).log();

                assertThat(log)
                        .filteredOn(line -> line.contains(":WARN :dm"))
                        .singleElement(STRING)
                        .endsWith("jetty.session.hazelcast.useQueries=true, jetty.session.hazelcast.onlyClient=true, "
                                + "jetty.session.flushOnResponseCommit=false, jetty.session.savePeriod.seconds=5");
                assertThat(log).as("ids carry no node").anyMatch(line -> line.endsWith("Session workerName="));
            }
            LogCheck.of("", Set.of(), Map.of(node, node.log().size()))
                    .expecting("Ignored, since it has no meaning", "looked at above")
                    .passes(List.of());
        }

        private static List<String> logOfAFailedStart(String module, String setting) {
            String[] property = setting.split("=", 2);
            JettyBase base = JettyBase.in(WORK.resolve("failing"))
                    .modules("http", module)
                    .property(property[0], property[1])
                    .create();
            try (JettyNode node = JettyNode.launch("failing", base)) {
                assertThatThrownBy(() -> node.awaitStarted(START_LIMIT)).hasMessageContaining("ended");
                return node.log();
            }
        }
    }
}
