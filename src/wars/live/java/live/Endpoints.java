package live;

import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.annotation.WebListener;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;

/** Adds the endpoint that has no annotation. */
@WebListener
public class Endpoints implements ServletContextListener {
    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServerContainer container =
                (ServerContainer) event.getServletContext().getAttribute(ServerContainer.class.getName());
        try {
            container.addEndpoint(ServerEndpointConfig.Builder.create(ProgrammaticEndpoint.class, "/programmatic")
                    .build());
        } catch (DeploymentException refused) {
            throw new IllegalStateException("endpoint /programmatic was refused", refused);
        }
    }
}
