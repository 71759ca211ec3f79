package dev.kinema.device.cuda.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * What JavaCPP's parser makes the binding {@code dev.kinema.device.cuda.binding.Kinema} from: the headers of {@code native/include}, with
 * addresses and handles as longs, so that no call makes an object.
 */
@Properties(
    value = @Platform(
        include = {
            "kinema.h",
            "kinema/attention.h",
            "kinema/batchnorm.h",
            "kinema/conv3d.h",
            "kinema/dropout.h",
            "kinema/elementwise.h",
            "kinema/frames.h",
            "kinema/indexing.h",
            "kinema/infonce.h",
            "kinema/layernorm.h",
            "kinema/matmul.h",
            "kinema/optimizer.h",
            "kinema/pool3d.h",
            "kinema/reduce.h",
            "kinema/softmax.h"},
        link = "kinema_cuda"),
    target = "dev.kinema.device.cuda.binding",
    global = "dev.kinema.device.cuda.binding.Kinema")
@NoException
public class KinemaPresets implements InfoMapper {
    @Override
    public void map(InfoMap map) {
        map.put(new Info("KN_API").cppTypes().annotations())
            .put(new Info("kn_status", "kn_dtype").cast().valueTypes("int").pointerTypes("IntPointer"))
            .put(new Info("kn_dptr", "kn_handle").cast().valueTypes("long").pointerTypes("LongPointer"));
    }
}
