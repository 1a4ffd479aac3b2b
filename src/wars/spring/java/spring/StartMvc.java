package spring;

import org.springframework.web.servlet.support.AbstractAnnotationConfigDispatcherServletInitializer;

/** Spring MVC and STOMP below {@code /mvc}. */
public class StartMvc extends AbstractAnnotationConfigDispatcherServletInitializer {
    @Override
    protected Class<?>[] getRootConfigClasses() {
        return new Class<?>[0];
    }

    @Override
    protected Class<?>[] getServletConfigClasses() {
        return new Class<?>[] {Stomp.class};
    }

    @Override
    protected String[] getServletMappings() {
        return new String[] {"/mvc/*"};
    }
}
