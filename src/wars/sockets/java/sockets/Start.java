package sockets;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.annotation.WebListener;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;

/** Adds what needs a program: an endpoint, and Jetty's own API in whichever environment this is. */
@WebListener
public class Start implements ServletContextListener {
    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServletContext context = event.getServletContext();
        Lives.begin(context);
        ServerContainer container = (ServerContainer) context.getAttribute(ServerContainer.class.getName());
        try {
            container.addEndpoint(ServerEndpointConfig.Builder.create(Endpoints.Programmatic.class, "/programmatic")
                    .build());
        } catch (DeploymentException refused) {
            throw new IllegalStateException("endpoint /programmatic was refused", refused);
        }
        // Both environments leave their containers under the same name; a base without Jetty's own API has none.
        Object jettys = context.getAttribute("org.eclipse.jetty.websocket.api.WebSocketContainer");
        String name = jettys == null ? "" : jettys.getClass().getName();
        if (name.startsWith("org.eclipse.jetty.ee11.")) {
            Ee11.addTo(context);
        } else if (name.startsWith("org.eclipse.jetty.ee10.")) {
            Ee10.addTo(context);
        }
    }
}
