package dev.mooring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.eclipse.jetty.xml.XmlConfiguration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is decided before anything is opened; a module that starts is tested with real nodes. */
class MooringModuleTest {

    @Nested
    class WhenItsXmlIsRead {

        private final Server server = new Server();
        private final DefaultSessionIdManager ids = new DefaultSessionIdManager(server);

        @Test
        void everyPropertyArrivesAsItWasTyped() throws Exception {
            Map<String, String> typed = Arrays.stream(Property.values())
                    .collect(Collectors.toMap(Property::key, property -> "typed for " + property));

            MooringModule module = read(typed);

            assertThat(Property.values())
                    .allSatisfy(property ->
                            assertThat(module.settings().text(property)).isEqualTo("typed for " + property));
        }

        @Test
        void whatIsNotSetHasItsDefault() throws Exception {
            MooringModule module = read(Map.of());

            assertThat(Property.values())
                    .allSatisfy(property ->
                            assertThat(module.settings().text(property)).isEqualTo(property.byDefault()));
        }

        @Test
        void theWorkerNameIsWhatWasSet() throws Exception {
            read(Map.of("jetty.sessionIdManager.workerName", "blue"));

            assertThat(ids.getWorkerName()).isEqualTo("blue");
        }

        private MooringModule read(Map<String, String> properties) throws Exception {
            var resources = ResourceFactory.root();
            var xml = new XmlConfiguration(resources.newResource(Path.of("modules/etc/mooring/mooring.xml")));
            xml.getProperties().putAll(properties);
            xml.getIdMap().put("idMgr", ids);
            xml.configure(server);
            return server.getBean(MooringModule.class);
        }
    }

    @Nested
    class WhenAValueIsSet {

        private final MooringModule module = new MooringModule(new Server());

        @Test
        void thatIsMisspeltTheStartFails() {
            module.setKeepAlive("message");

            assertThatThrownBy(module::start)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("jetty.session.websocket.keepAlive=message: expected messages, open or none");
            assertThat(module.isStarted()).isFalse();
        }
    }

    @Nested
    class TheDefaultWorkerName {

        @ParameterizedTest
        @ValueSource(strings = {"", " "})
        void isEmptyWhereTheEnvironmentSaysNothing(String instance) {
            assertThat(MooringModule.defaultWorkerName(null)).isEmpty();
            assertThat(MooringModule.defaultWorkerName(instance)).isEmpty();
        }

        @Test
        void isNumberedByTheEnvironment() {
            assertThat(MooringModule.defaultWorkerName("7")).isEqualTo("node7");
        }
    }
}
